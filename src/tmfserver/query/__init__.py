"""TMF630's query string: parsed into values, matched against documents."""
