"""What each resource's domain allows, one module per resource, named after it in snake case."""
