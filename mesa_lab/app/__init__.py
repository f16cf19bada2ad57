"""The app: Solara components for the browser and for Jupyter. The only package that knows Solara."""
