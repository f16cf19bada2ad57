import solara

title = "Model"


@solara.component
def Page():
    solara.Text("Hello")
