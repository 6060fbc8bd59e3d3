"""Tasks: shells around plain functions, thousands of rows at a time."""
