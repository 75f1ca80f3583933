"""What there is to report: one table of tables and one of figures. Standard library only, so that
listing them costs nothing."""
