"""One module for each format of model: `load(description, package) -> Model`."""
