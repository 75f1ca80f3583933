"""What sources print: figures, layouts, and our values in both."""
