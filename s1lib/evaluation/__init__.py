"""Chapter 5: measure a model under many budgets, with intervals."""
