import altair as alt
import pandas as pd
import solara

from mesa_lab.app.components.chart import Chart

title = "Chart"


@solara.component
def Page():
    def draw():
        table = pd.DataFrame({"step": range(50), "agents": [100 + step**2 / 10 for step in range(50)]})
        chart = alt.Chart(table).mark_line().encode(x="step", y="agents")
        return chart.properties(width="container", height=220), table

    chart, table = solara.use_memo(draw, dependencies=[])
    with solara.Card("A chart"):
        Chart(chart, "Agents over the steps of a run", table=table, filename="agents")
