"""Pointing: from the planner's cells to boxes, points and traces in the picture and on the table."""
