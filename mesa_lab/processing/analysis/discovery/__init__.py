"""When does it happen? Boxes and a small tree in the space of parameters, for an event that runs show or not."""
