"""The register of systems and platforms, with the bounds that grading asks for."""
