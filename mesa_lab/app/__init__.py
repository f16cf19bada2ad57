"""The app: Solara components for the browser and for Jupyter. The only room that knows Solara."""
