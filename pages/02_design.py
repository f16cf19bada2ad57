import solara

title = "Design"


@solara.component
def Page():
    with solara.Card("Design"):
        solara.Text("Nothing here yet.")
