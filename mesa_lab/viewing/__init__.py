"""One run under a magnifying glass: the model itself at any step, drawn as its author draws it.

A run is carried out anew, with its parameters and its seed, in a process of its own (`process`), so that a model that hangs or
dies takes no page with it. `Viewer` is the handle of that process.
"""
