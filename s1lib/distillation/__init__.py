"""Chapter 1: ask a teacher every question and keep its thinking."""
