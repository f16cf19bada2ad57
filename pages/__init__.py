from mesa_lab.app.frame import Layout

__all__ = ["Layout"]
