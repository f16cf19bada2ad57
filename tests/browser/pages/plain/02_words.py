import solara

title = "Words"


@solara.component
def Page():
    with solara.Card("Words"):
        solara.Text("Nothing here yet.")
