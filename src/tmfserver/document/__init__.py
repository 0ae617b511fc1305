"""Pure functions on JSON documents: patches, changes, selection of attributes."""
