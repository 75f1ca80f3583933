"""Claims of the sources, judged by runs or by published figures."""
