"""A class on one computer: who takes part, what each may do, and whose runs go next.

Headless: the pages are in `app/classroom/`, and the command is `cli/classroom.py`.
"""
