"""The "Wait" widget: one front end, two engines."""
