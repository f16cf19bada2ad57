"""The pages of a class: how a student joins, what stands above their pages, and what the teacher sees."""
