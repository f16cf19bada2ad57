from mesa_lab.app.layout import Layout

__all__ = ["Layout"]
