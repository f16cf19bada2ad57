import solara
import solara.lab


@solara.component
def Layout(children=[]):  # noqa: B006
    with solara.AppLayout(title="Plain pages", children=children), solara.AppBar():
        solara.lab.ThemeToggle()
