/* The chart of the app: a Vue component that draws a Vega-Lite specification.
 *
 * It is an ES module of its own, registered by mesa_lab/app/javascript.py: in Solara the browser fetches
 * it from the server once, in Jupyter the kernel sends it once. So is vendor/vega.js, which is large: a page
 * reads it when it draws its first chart.
 * - The specification comes as JSON text, so that neither Vue nor ipyvue walks through its data.
 * - A new drawing is made out of sight and then takes the old one's place: nothing flickers or jumps.
 * - Ink is `currentColor`: text, axes and grid follow light and dark mode with no redraw, and a
 *   downloaded picture is dark on white.
 * - Nothing is fetched, and texts reach the page as text only: the tooltip is our own, because
 *   Vega's puts an image's address into HTML unescaped.
 */
import { h } from "vue";

const FONT = "Roboto, 'Helvetica Neue', Arial, sans-serif";
const INK = "currentColor";
const ACCENT = "#2a86c7"; // that of the charts in reports, where no colour of a button is
// Told apart by people with any colour vision, and readable on white and on dark grey.
const CATEGORIES = [ACCENT, "#d9772b", "#6a74c9", "#c2478a", "#8b9a2b", "#17968b", "#b98a1d", "#8a7768"];
const quiet = { labelColor: INK, titleColor: INK, labelOpacity: 0.8, titleOpacity: 0.95,
    labelFontSize: 11, titleFontSize: 12, titleFontWeight: 500 };
const CONFIG = {
    background: "transparent",
    font: FONT,
    view: { stroke: null },
    axis: { ...quiet, gridColor: INK, gridOpacity: 0.12, domainColor: INK, domainOpacity: 0.4,
        tickColor: INK, tickOpacity: 0.4, titlePadding: 8 },
    legend: { ...quiet, symbolStrokeWidth: 2 },
    header: { labelColor: INK, titleColor: INK, labelFontSize: 11, titleFontSize: 12, titleFontWeight: 500 },
    title: { color: INK, subtitleColor: INK, fontSize: 13, fontWeight: 500, anchor: "start", offset: 12 },
    mark: { color: ACCENT },
    point: { opacity: 0.85 },
    text: { color: INK },
    rule: { color: INK },
    style: { interval: { color: ACCENT } },
    range: { category: CATEGORIES, ramp: { scheme: "viridis" }, heatmap: { scheme: "viridis" } },
};
const STYLE = `
.ml-chart { position: relative; margin: 0; min-width: 0; }
.ml-chart-plot { position: relative; overflow-x: auto; overflow-y: hidden; }
.ml-chart-fluid { width: 100%; }
.ml-chart-fluid .ml-chart-plot { contain: inline-size; }
.ml-chart-stage { width: 100%; }
.ml-chart-stage > .chart-wrapper, .ml-chart-stage .chart-wrapper.fit-x { width: 100%; }
.ml-chart-stage svg { display: block; max-width: none; }
.ml-chart-hidden { position: absolute; inset: 0 0 auto 0; visibility: hidden; }
.ml-chart-note { display: flex; align-items: center; justify-content: center; text-align: center;
    min-height: inherit; padding: 16px; opacity: 0.75; white-space: pre-line; }
.ml-chart-actions { display: flex; align-items: center; justify-content: flex-end; gap: 4px; min-height: 26px; margin-top: 2px; }
.ml-chart-hint { margin-right: auto; font-size: 13px; opacity: 0.7; }
.ml-chart-actions button { font: 500 11px ${FONT}; letter-spacing: 0.03em; color: inherit; opacity: 0.7;
    background: none; border: 1px solid transparent; border-radius: 4px; padding: 4px 8px; cursor: pointer; }
.ml-chart-actions button:hover { opacity: 1; border-color: color-mix(in srgb, currentColor 30%, transparent); }
.ml-chart-actions button:focus-visible, .ml-chart-table:focus-visible { opacity: 1;
    outline: 2px solid var(--ml-accent, ${ACCENT}); outline-offset: 1px; }
.ml-chart-table { max-height: 320px; overflow: auto; margin-top: 4px; border-radius: 4px;
    border: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.ml-chart-table table { width: 100%; border-collapse: collapse; font: 12px ${FONT}; }
.ml-chart-table th, .ml-chart-table td { padding: 4px 10px; text-align: left; white-space: nowrap; }
.ml-chart-table thead th { position: sticky; top: 0; font-weight: 500;
    background: var(--ml-surface, var(--jp-layout-color0, Canvas)); box-shadow: inset 0 -1px color-mix(in srgb, currentColor 25%, transparent); }
.ml-chart-table .ml-number { text-align: right; font-variant-numeric: tabular-nums; }
.ml-chart-table tbody tr + tr td { border-top: 1px solid color-mix(in srgb, currentColor 8%, transparent); }
.ml-chart-table caption { caption-side: bottom; padding: 6px 10px; text-align: left; opacity: 0.75; }
.ml-tooltip { position: fixed; z-index: 100000; pointer-events: none; max-width: 320px; padding: 6px 10px;
    border-radius: 4px; border: 1px solid #56616b; background: #252b31; color: #f4f6f7; font: 12px ${FONT};
    box-shadow: 0 2px 8px rgb(0 0 0 / 0.3); display: grid; grid-template-columns: auto auto; gap: 2px 10px; }
.ml-tooltip span:nth-child(odd) { opacity: 0.75; }
.ml-tooltip span:nth-child(even) { text-align: right; overflow-wrap: anywhere; }
.ml-tooltip[hidden] { display: none; }
`;

if (!document.getElementById("ml-chart-style")) {
    const style = document.createElement("style");
    style.id = "ml-chart-style";
    style.textContent = STYLE;
    document.head.append(style);
}

/* A loader that loads nothing. Vega only logs a failed load, so it is kept in `refused`. */
function no_loader(vega, refused) {
    const loader = vega.loader();
    loader.load = (address) => {
        refused.push(address);
        return Promise.reject(new Error(`not loaded: ${address}`));
    };
    loader.sanitize = (address) => /^data:image\//.test(address)
        ? Promise.resolve({ href: address })
        : Promise.reject(new Error(`not shown: ${address}`));
    return loader;
}

function tooltip(_handler, event, _item, value) {
    let box = document.getElementById("ml-tooltip");
    if (value == null || value === "") {
        if (box) box.hidden = true;
        return;
    }
    if (!box) {
        box = document.createElement("div");
        box.id = "ml-tooltip";
        box.className = "ml-tooltip";
        document.body.append(box);
    }
    const rows = typeof value === "object" ? Object.entries(value) : [["", value]];
    box.replaceChildren(...rows.flat().map((text) => {
        const cell = document.createElement("span");
        cell.textContent = typeof text === "object" ? JSON.stringify(text) : String(text);
        return cell;
    }));
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    const left = event.clientX + 12 + width > innerWidth ? event.clientX - 12 - width : event.clientX + 12;
    const top = event.clientY + 12 + height > innerHeight ? event.clientY - 12 - height : event.clientY + 12;
    box.style.left = `${Math.max(0, left)}px`;
    box.style.top = `${Math.max(0, top)}px`;
}

const plain = (value) => JSON.parse(JSON.stringify(value ?? null));

/* The names of all selections in a specification, in views of any depth. */
function selections(spec) {
    const parts = ["layer", "concat", "hconcat", "vconcat"].flatMap((key) => spec[key] ?? []);
    const own = (spec.params ?? []).filter((param) => param.select).map((param) => param.name);
    return [...own, ...[...parts, ...(spec.spec ? [spec.spec] : [])].flatMap(selections)];
}

/* Vega writes the page's whole address into references to a drawing's own gradients and clippings, and they are lost when
 * the address changes. Keeps them to what follows the #. */
const REFERENCES = ["fill", "stroke", "clip-path"];
function keep_references(stage) {
    const shorten = () => {
        for (const name of REFERENCES) {
            for (const one of stage.querySelectorAll(`[${name}^="url(http"]`)) {
                one.setAttribute(name, one.getAttribute(name).replace(/^url\([^#]*#/, "url(#"));
            }
        }
    };
    shorten();
    const watcher = new MutationObserver(shorten);
    watcher.observe(stage, { subtree: true, childList: true, attributeFilter: REFERENCES });
    return () => watcher.disconnect();
}

function later(action, wait) {
    let timer = null;
    return (...words) => {
        clearTimeout(timer);
        timer = setTimeout(() => action(...words), wait);
    };
}

function download(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function shown(value) {
    if (value == null) return "–";
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value)) return value.toLocaleString("en");
    return Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
}

export default {
    name: "MesaLabChart",
    data() {
        return { problem: "", fluid: false };
    },
    created() {
        this.live = null; // the drawing that is on show: { view, stage, close }
        this.drawing = false;
        this.stale = false;
    },
    mounted() {
        this.observer = new ResizeObserver(later(() => this.fit(), 50));
        this.observer.observe(this.$refs.plot);
        this.draw();
    },
    beforeUnmount() {
        this.gone = true;
        this.observer?.disconnect();
        this.live?.close();
        tooltip(null, null, null, null);
    },
    watch: {
        spec() {
            this.draw();
        },
        saved(file) {
            if (file) download(file.name, new Blob([file.text], { type: "text/csv" }));
        },
    },
    methods: {
        async draw() {
            if (this.drawing) {
                this.stale = true;
                return;
            }
            this.drawing = true;
            do {
                this.stale = false;
                await this.redraw();
            } while (this.stale && !this.gone);
            this.drawing = false;
        },
        async redraw() {
            const plot = this.$refs.plot;
            const old = this.live;
            let next = null;
            this.problem = "";
            if (this.spec) {
                const stage = document.createElement("div");
                stage.className = "ml-chart-stage ml-chart-hidden";
                stage.setAttribute("aria-hidden", "true"); // the plot has a name; layers without marks and brushes have none
                plot.append(stage);
                try {
                    const spec = JSON.parse(this.spec);
                    // Such a chart must not hold its surroundings at the width it has now.
                    this.fluid = spec.width === "container";
                    next = await this.render_into(stage, spec);
                } catch (error) {
                    stage.remove();
                    this.problem = `This chart cannot be drawn: ${error.message}`;
                    console.warn("Mesa Lab chart:", error);
                }
            }
            if (this.gone) {
                next?.close();
                return;
            }
            this.live = next;
            next?.stage.classList.remove("ml-chart-hidden");
            old?.close();
        },
        async render_into(stage, spec) {
            const config = this.clickable ? { ...CONFIG, mark: { ...CONFIG.mark, cursor: "pointer" } } : CONFIG;
            const refused = [];
            const { vega, embed } = await import(this.vega);
            const { view, finalize } = await embed(stage, spec, {
                mode: "vega-lite", renderer: "svg", actions: false, defaultStyle: false, config, tooltip,
                loader: no_loader(vega, refused),
            });
            if (refused.length) {
                finalize();
                throw new Error(`its data are at ${refused[0]}, and charts load nothing; give it a table.`);
            }
            const forget = keep_references(stage);
            const names = this.selectable ? selections(spec) : [];
            for (const name of names) {
                const tell = later((value) => this.gone || this.selection({ name, value: plain(value) }), 120);
                view.addSignalListener(name, (_, value) => tell(value));
            }
            if (this.clickable) {
                view.addEventListener("click", (_, item) => {
                    if (item?.datum) this.point(plain(item.datum));
                });
            }
            const close = () => {
                // What was selected in a drawing is not selected in the one that replaces it.
                if (!this.gone) names.forEach((name) => this.selection({ name, value: null }));
                forget();
                finalize();
                stage.remove();
            };
            return { view, stage, close };
        },
        fit() {
            if (!this.live || !this.fluid || this.gone) return;
            const width = this.live.stage.clientWidth;
            if (width > 0 && Math.abs(width - this.live.view.signal("width")) > 1) {
                this.live.view.signal("width", width).runAsync();
            }
        },
        async save_png() {
            const canvas = await this.live.view.toCanvas(2);
            const brush = canvas.getContext("2d");
            brush.setTransform(1, 0, 0, 1, 0, 0);
            brush.globalCompositeOperation = "destination-over";
            brush.fillStyle = "white";
            brush.fillRect(0, 0, canvas.width, canvas.height);
            canvas.toBlob((blob) => download(`${this.filename}.png`, blob));
        },
        async save_svg() {
            const text = await this.live.view.toSVG();
            const white = '<rect width="100%" height="100%" fill="white"/>';
            download(`${this.filename}.svg`, new Blob([text.replace(/(<svg[^>]*>)/, `$1${white}`)], { type: "image/svg+xml" }));
        },
        render_actions() {
            const button = (text, title, action, more = {}) =>
                h("button", { type: "button", title, "aria-label": `${title}: ${this.label}`, onClick: action, ...more }, text);
            const actions = this.hint && this.spec && !this.problem ? [h("span", { class: "ml-chart-hint" }, this.hint)] : [];
            if (this.has_table) {
                const open = this.table !== null;
                actions.push(button("Table", open ? "Hide the data table" : "Show the data as a table",
                    () => this.want(open ? "no table" : "table"), { "aria-expanded": String(open) }));
                actions.push(button("CSV", "Download the data as CSV", () => this.want("csv")));
            }
            if (this.spec && !this.problem) {
                actions.push(button("PNG", "Download the chart as PNG", () => this.save_png()));
                actions.push(button("SVG", "Download the chart as SVG", () => this.save_svg()));
            }
            return h("div", { class: "ml-chart-actions", role: "group", "aria-label": `${this.label}: data and downloads` }, actions);
        },
        render_table() {
            const { columns, rows, total } = this.table;
            const numeric = columns.map((_, i) => rows.every((row) => row[i] === null || typeof row[i] === "number"));
            const kind = (i) => (numeric[i] ? "ml-number" : "");
            const more = rows.length < total
                ? h("caption", `The first ${shown(rows.length)} of ${shown(total)} rows; the CSV has them all.`) : null;
            return h("div", { class: "ml-chart-table", tabindex: 0, role: "region", "aria-label": `${this.label}: data` }, [
                h("table", [
                    more,
                    h("thead", h("tr", columns.map((name, i) => h("th", { class: kind(i), scope: "col" }, name)))),
                    h("tbody", rows.map((row) => h("tr", row.map((value, i) => h("td", { class: kind(i) }, shown(value)))))),
                ]),
            ]);
        },
    },
    render() {
        const note = this.problem || (this.spec ? "" : this.empty);
        return h("figure", { class: ["ml-chart", { "ml-chart-fluid": this.fluid }], "aria-label": this.label }, [
            h("div", { class: "ml-chart-plot", ref: "plot", role: "img", "aria-label": this.label,
                style: { minHeight: `${this.height}px` } }),
            note ? h("div", { class: "ml-chart-note", role: this.problem ? "alert" : "status",
                style: { minHeight: `${this.height}px`, marginTop: `-${this.height}px` } }, note) : null,
            this.actions ? this.render_actions() : null,
            this.table !== null ? this.render_table() : null,
        ]);
    },
};
