"""Processes in which code of strangers runs: what the operating system can keep them from, and how they are asked.

Knows nothing of classes or pages. `rules` says what is allowed and whether this system can see to it; `landlock` and
`system_calls` are the two means of Linux; `begin` is the first thing that such a process does; `worker` what it is for;
`handle` the side that asks, which never unpickles anything that comes from there.
"""
