"""Exploring: a model under one's hands. What would come out at a setting is predicted at once, and measured while one stays there.

A session is a study whose points a person chooses (`session`). A Gaussian process through all that was measured says what to expect
at any setting (`emulator`, `profiles`); a worker measures the setting at which one rests, a few replications at a time (`runner`). No page
is known here.
"""
