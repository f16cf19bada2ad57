import solara
import solara.lab


@solara.component
def Layout(children=[]):  # noqa: B006
    with solara.AppLayout(title="Mesa Lab", children=children, navigation=True):
        with solara.AppBar():
            solara.lab.ThemeToggle()
