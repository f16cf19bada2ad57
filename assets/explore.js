/* The pictures of the page Explore that are moved by hand: sliders with their curves, and a map.
 *
 * Vue components with values in and events out, drawn by mesa_lab/app/explore. An ES module, registered by mesa_lab/app/javascript.py.
 */

/* Sliders and curves. A slider tells its stop while it moves, at most every 40 ms, and that it rests when it has not moved for a while. */
export const Profiler = {
    template: `
        <div class="ml-ex" :style="{ '--ml-ex-columns': dials.length }">
            <div class="ml-ex-names">
                <div class="ml-ex-head ml-ex-corner"></div>
                <div v-for="row in rows" :key="row.outcome" class="ml-ex-reading">
                    <strong class="ml-ex-outcome">{{ row.label }}</strong>
                    <span class="ml-ex-mean">{{ row.mean }}</span>
                    <span class="ml-quiet">{{ row.interval }}</span>
                    <span :class="['ml-ex-kind', 'ml-ex-kind-' + row.kind]">{{ row.said }}</span>
                </div>
            </div>
            <section v-for="(dial, column) in dials" :key="dial.name" class="ml-ex-column" :aria-label="dial.label">
                <div class="ml-ex-head">
                    <div class="ml-ex-title">
                        <strong :title="dial.name">{{ dial.label }}</strong>
                        <button type="button" class="ml-ex-lock" :aria-pressed="String(dial.locked)" :aria-label="(dial.locked ? 'Unlock ' : 'Lock ') + dial.label"
                            :title="dial.locked ? 'Unlock' : 'Lock: it stays while points are looked for'" @click="locked(dial.name)">
                            <i :class="['mdi', dial.locked ? 'mdi-lock' : 'mdi-lock-open-variant-outline']" aria-hidden="true"></i>
                        </button>
                    </div>
                    <input type="range" min="0" :max="dial.texts.length - 1" step="1" :value="stopOf(dial)" :disabled="dial.locked"
                        :aria-label="dial.label" :aria-valuetext="textOf(dial)" @input="turn(dial, Number($event.target.value))" @change="settle" />
                    <select v-if="!dial.is_number" class="ml-ex-value" :aria-label="'Value of ' + dial.label" :value="stopOf(dial)" :disabled="dial.locked"
                        @change="turn(dial, Number($event.target.value))">
                        <option v-for="(text, stop) in dial.texts" :key="stop" :value="stop">{{ text }}</option>
                    </select>
                    <input v-else class="ml-ex-value" type="text" inputmode="decimal" :aria-label="'Value of ' + dial.label" :disabled="dial.locked"
                        :value="dial.name in written ? written[dial.name] : textOf(dial)" @input="written = { [dial.name]: $event.target.value }"
                        @change="type(dial, $event.target)" @keydown.enter="$event.target.blur()" />
                </div>
                <figure v-for="row in rows" :key="row.outcome" class="ml-ex-cell">
                    <figcaption class="ml-ex-caption">{{ row.label }}</figcaption>
                    <div class="ml-ex-plot">
                    <svg viewBox="0 0 200 120" preserveAspectRatio="none" role="img" :aria-label="spoken(row, dial, column)"
                        @pointerdown="press($event, dial, column)" @pointermove="drag($event, dial, column)">
                        <line v-for="tick in row.ticks" :key="'t' + tick.y" class="ml-ex-grid" x1="0" x2="200" :y1="y(tick.y)" :y2="y(tick.y)" />
                        <template v-for="(piece, number) in row.cells[column].pieces" :key="number">
                            <path :class="['ml-ex-band', { 'ml-ex-beyond': piece.beyond }]" :d="band(piece)" />
                            <path :class="['ml-ex-curve', { 'ml-ex-beyond': piece.beyond }]" :d="curve(piece)" />
                        </template>
                        <line class="ml-ex-now" :x1="x(place(dial))" :x2="x(place(dial))" y1="0" y2="120" />
                        <line v-if="row.level !== null" class="ml-ex-level" x1="0" x2="200" :y1="y(row.level)" :y2="y(row.level)" />
                        <g v-for="(mark, number) in row.cells[column].marks" :key="'m' + number" :class="['ml-ex-mark', { 'ml-ex-mark-now': mark.now }]">
                            <line v-if="mark.low !== null" :x1="x(mark.x)" :x2="x(mark.x)" :y1="y(mark.low)" :y2="y(mark.high)" />
                            <line class="ml-ex-dot" :x1="x(mark.x)" :x2="x(mark.x)" :y1="y(mark.mean)" :y2="y(mark.mean)" />
                        </g>
                    </svg>
                    <span v-for="tick in row.ticks" :key="tick.y" class="ml-ex-tick" :style="{ top: y(tick.y) / 1.2 + '%' }" aria-hidden="true">{{ tick.text }}</span>
                    </div>
                    <div v-if="dial.texts.length <= 6" class="ml-ex-stops" aria-hidden="true">
                        <span v-for="(text, stop) in dial.texts" :key="stop" :title="text" :style="stopStyle(dial, stop)">{{ shortStop(dial, text) }}</span>
                    </div>
                    <div v-else class="ml-ex-ends" aria-hidden="true"><span>{{ dial.texts[0] }}</span><span>{{ dial.texts[dial.texts.length - 1] }}</span></div>
                </figure>
            </section>
        </div>`,
    // What is being written is kept: the fields are drawn again whenever a run comes in.
    data() { return { held: {}, written: {}, sent: 0, timer: null, resting: null }; },
    unmounted() { clearTimeout(this.timer); clearTimeout(this.resting); },
    watch: {
        answered() { if (!this.timer) this.held = {}; },
    },
    methods: {
        stopOf(dial) { return dial.name in this.held ? this.held[dial.name] : dial.stop; },
        // Levels with long texts differ at their ends more often than at their starts.
        shortStop(dial, text) {
            const most = Math.max(5, Math.floor(28 / dial.texts.length));
            return text.length <= most ? text : text.slice(0, Math.floor(most / 2) - 1) + "…" + text.slice(-Math.ceil(most / 2));
        },
        textOf(dial) { return dial.name in this.held ? dial.texts[this.held[dial.name]] : dial.text; },
        place(dial) { return dial.name in this.held ? dial.places[this.held[dial.name]] : dial.at; },
        stopStyle(dial, stop) {
            // A number at the end of its axis stays within it; a value of a list stands below the middle of its step.
            const place = dial.places[stop], shift = dial.is_number ? place : 0.5;
            return { left: this.x(place) / 2 + "%", transform: `translateX(${-100 * shift}%)`, maxWidth: 100 / dial.texts.length + "%" };
        },
        x(place) { return 4 + 192 * place; },
        y(share) { return 114 - 108 * Math.min(1.05, Math.max(-0.05, share)); },
        turn(dial, stop) {
            if (dial.locked || !(stop >= 0 && stop < dial.texts.length)) return;
            this.held = { ...this.held, [dial.name]: stop };
            const wait = Math.max(0, 40 - (Date.now() - this.sent));
            if (!this.timer) this.timer = setTimeout(this.send, wait);
            this.settle();
        },
        send() {
            this.timer = null;
            this.sent = Date.now();
            this.moved({ ...this.held });
        },
        settle() {
            clearTimeout(this.resting);
            this.resting = setTimeout(() => this.rested(), 600);
        },
        type(dial, field) {
            this.typed({ name: dial.name, text: field.value });
            this.written = {};
            field.value = dial.text;
            this.settle();
        },
        press(event, dial, column) {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            this.go(event, dial);
        },
        drag(event, dial) { if (event.buttons & 1 && event.pointerType !== "touch") this.go(event, dial); },
        go(event, dial) {
            const box = event.currentTarget.getBoundingClientRect();
            const place = ((event.clientX - box.left) / box.width * 200 - 4) / 192;
            let best = 0;
            dial.places.forEach((each, stop) => { if (Math.abs(each - place) < Math.abs(dial.places[best] - place)) best = stop; });
            this.turn(dial, best);
        },
        curve(piece) {
            if (piece.steps) return piece.x.map((x, i) => `M${this.x(x) - 5},${this.y(piece.mean[i])}h10`).join("");
            return piece.x.map((x, i) => `${i ? "L" : "M"}${this.x(x)},${this.y(piece.mean[i])}`).join("");
        },
        band(piece) {
            if (piece.steps) return piece.x.map((x, i) => `M${this.x(x) - 5},${this.y(piece.low[i])}h10V${this.y(piece.high[i])}h-10Z`).join("");
            const up = piece.x.map((x, i) => `${i ? "L" : "M"}${this.x(x)},${this.y(piece.high[i])}`);
            const down = piece.x.map((x, i) => `L${this.x(x)},${this.y(piece.low[i])}`).reverse();
            return up.join("") + down.join("") + "Z";
        },
        spoken(row, dial) { return `${row.label} against ${dial.label}: ${row.said} ${row.mean} at ${this.textOf(dial)}`; },
    },
};

/* A surface over two parameters: a click goes to that place, with both shares from 0 to 1. */
export const Surface = {
    template: `
        <figure class="ml-ex-map">
            <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" :aria-label="words" @click="pick">
                <rect v-for="(cell, number) in cells" :key="number" :x="cell.x" :y="cell.y" :width="cell.w" :height="cell.h" :fill-opacity="cell.share"
                    :class="{ 'ml-ex-map-grey': cell.beyond }"><title>{{ cell.text }}</title></rect>
                <line v-for="(point, number) in points" :key="'p' + number" class="ml-ex-map-dot" :x1="point.x" :x2="point.x" :y1="point.y" :y2="point.y" />
                <line class="ml-ex-map-now" :x1="now.x" :x2="now.x" :y1="now.y" :y2="now.y" />
            </svg>
            <figcaption class="ml-quiet">{{ words }}</figcaption>
        </figure>`,
    methods: {
        pick(event) {
            const box = event.currentTarget.getBoundingClientRect();
            this.picked({ across: (event.clientX - box.left) / box.width, up: 1 - (event.clientY - box.top) / box.height });
        },
    },
};
