import altair as alt
import pandas as pd
import solara
import solara.lab

from mesa_lab.app.components.chart import Chart

EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"


@solara.component
def Page():
    slope = solara.use_reactive(1)
    renders = solara.use_reactive(0)
    event = solara.use_reactive("no event")

    def draw():
        frame = pd.DataFrame(
            {"x": [0, 1, 2], "y": [0.0, slope.value, 2.0 * slope.value], EVIL: [EVIL, "b", "c"]}
        )
        colour = alt.Color(alt.repeat("layer")) if False else alt.Color(field=r"title", type="nominal")
        chart = (
            alt.Chart(frame.assign(title=EVIL, image='x" onerror="alert(1)'))
            .mark_point(size=200, filled=True)
            .encode(x="x:Q", y="y:Q", color=colour, tooltip=["x:Q", "title:N", "image:N"])
            .add_params(alt.selection_interval(name="brush"))
            .properties(width="container", height=200, title=EVIL)
        )
        return chart, frame

    chart, frame = solara.use_memo(draw, dependencies=[slope.value])
    solara.lab.ThemeToggle()
    solara.Button("steeper", on_click=lambda: slope.set(slope.value + 1))
    solara.Button("render", on_click=lambda: renders.set(renders.value + 1))
    solara.Text(f"slope {slope.value}, renders {renders.value}, {event.value}")
    Chart(
        chart,
        "A line of points",
        table=frame,
        filename="points",
        on_click=lambda datum: event.set(f"clicked {datum['x']}"),
        on_select=lambda name, value: event.set(f"{name} {sorted(value) if value else value}"),
    )
    Chart(None, "An empty chart", empty="Nothing here.")
    Chart({"mark": "nonsense", "data": {"values": []}}, "A broken chart")
    Chart(
        alt.Chart("https://example.org/data.csv").mark_point().encode(x="a:Q"), "A chart that wants to fetch"
    )
    Chart(alt.Chart(pd.DataFrame({"x": range(30_000)})).mark_tick().encode(x="x:Q"), "A chart of too much")
