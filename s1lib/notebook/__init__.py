"""What notebooks show: text, tables, plots and the widget."""
