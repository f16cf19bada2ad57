import solara


@solara.component
def Layout(children=[]):
    return solara.AppLayout(children=children, title="Mesa Lab")
