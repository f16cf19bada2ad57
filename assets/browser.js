/* What only the browser can do: its address, its clipboard, its files, its colours, its measures.
 *
 * Vue components with values in and events out, each drawn by the Python component of its name. An ES module, registered by
 * mesa_lab/app/javascript.py; Vue itself makes the templates, where a `.vue` file has the browser load a compiler first.
 */

/* Writes one value into the address without a step in the browser's history: typing would fill it. */
export const Address = {
    template: `
        <span hidden></span>`,
    data() { return { timer: null }; },
    mounted() { this.write(); },
    unmounted() { clearTimeout(this.timer); },
    watch: {
        value() {
            clearTimeout(this.timer);
            this.timer = setTimeout(this.write, 300);
        },
    },
    methods: {
        write() {
            const url = new URL(window.location);
            if (this.value) url.searchParams.set(this.name, this.value);
            else url.searchParams.delete(this.name);
            if (url.href !== window.location.href) window.history.replaceState(window.history.state, "", url);
        },
    },
};

/* Light, dark, or as the system is, also when that changes; kept in the browser where Solara's page looks for it. */
export const ThemeButton = {
    template: `
        <button type="button" class="ml-button ml-button-icon ml-theme" :title="said" :aria-label="said" @click="next">
            <i :class="['mdi', icons[mode]]" aria-hidden="true"></i>
        </button>`,
    data() {
        return {
            mode: "auto",
            icons: { auto: "mdi-brightness-auto", light: "mdi-weather-sunny", dark: "mdi-weather-night" },
        };
    },
    computed: {
        said() {
            return `Colours: ${{ auto: "as the system", light: "light", dark: "dark" }[this.mode]}. Press to change.`;
        },
    },
    mounted() {
        const kept = localStorage.getItem(":solara:theme.variant");
        this.mode = kept ? JSON.parse(kept) : "auto";
        if (!(this.mode in this.icons)) this.mode = "auto";
        this.tell();
        this.system = window.matchMedia("(prefers-color-scheme: dark)");
        this.system.addEventListener("change", this.follow);
    },
    beforeUnmount() {
        this.system.removeEventListener("change", this.follow);
    },
    methods: {
        next() {
            this.mode = { auto: "dark", dark: "light", light: "auto" }[this.mode];
            theme.variant = this.mode;
            localStorage.setItem(":solara:theme.variant", JSON.stringify(this.mode));
            this.colour();
            this.tell();
        },
        follow() {
            if (this.mode !== "auto") return;
            this.colour();
            this.system_changed(this.system.matches);
        },
        colour() {
            const dark = this.mode === "auto" ? this.system.matches : this.mode === "dark";
            const name = this.$vuetify.theme.global.name;
            if (name && typeof name === "object") name.value = dark ? "dark" : "light";
            else this.$vuetify.theme.global.name = dark ? "dark" : "light";
            document.documentElement.style.colorScheme = dark ? "dark" : "light";
        },
        tell() {
            this.mode_changed({ auto: null, light: false, dark: true }[this.mode]);
        },
    },
};

/* Shows what it stands in alone and large, as for a projector. The chart is enlarged as it is, text and all. */
export const ProjectorButton = {
    template: `
        <button type="button" class="ml-button ml-button-icon ml-project" :title="said" :aria-label="said" :aria-pressed="on ? 'true' : 'false'" @click="turn(!on)">
            <i :class="['mdi', on ? 'mdi-close' : 'mdi-presentation']" aria-hidden="true"></i>
        </button>`,
    data() {
        return { on: false };
    },
    computed: {
        said() {
            return this.on ? "Leave the projector view (Esc)" : "Projector view (P)";
        },
    },
    unmounted() {
        this.turn(false);
    },
    methods: {
        turn(on) {
            if (on === this.on) return;
            this.on = on;
            this.place = on ? this.$el.closest(".ml-projectable") : this.place;
            this.place?.classList.toggle("ml-projected", on);
            document.documentElement.classList.toggle("ml-projecting", on);
            this.turned(on);
            if (on) {
                this.leave = (event) => {
                    if (event.key === "Escape") this.turn(false);
                };
                document.addEventListener("keydown", this.leave);
            } else {
                document.removeEventListener("keydown", this.leave);
                this.place?.scrollIntoView({ block: "nearest" });
            }
        },
    },
};

/* A button that puts a text on the clipboard; an empty text stands for the page's own address. */
export const CopyButton = {
    template: `
        <button type="button" class="ml-button" :disabled="disabled" @click="copy">
            <i :class="['mdi', copied ? 'mdi-check' : icon]" aria-hidden="true"></i><span aria-live="polite">{{ copied ? done : label }}</span>
        </button>`,
    data() { return { copied: false, timer: null }; },
    unmounted() { clearTimeout(this.timer); },
    methods: {
        async copy() {
            const text = this.text || window.location.href;
            try {
                await navigator.clipboard.writeText(text);
            } catch {
                // Without https, as on a server in the house, browsers offer the old way only.
                const area = document.createElement("textarea");
                area.value = text;
                area.style.position = "fixed";
                document.body.append(area);
                area.select();
                document.execCommand("copy");
                area.remove();
            }
            this.copied = true;
            clearTimeout(this.timer);
            this.timer = setTimeout(() => { this.copied = false; }, 2000);
        },
    },
};

/* A link of this server, whole: only the browser knows under which name it reached the server. */
export const ShareLink = {
    template: `
        <span class="ml-link">
            <input class="ml-link-text ml-code" readonly :value="address" aria-label="Link to this study" @focus="$event.target.select()" />
            <button type="button" class="ml-button" @click="copy">
                <i :class="['mdi', copied ? 'mdi-check' : 'mdi-content-copy']" aria-hidden="true"></i><span aria-live="polite">{{ copied ? "Copied" : "Copy" }}</span>
            </button>
        </span>`,
    data() { return { copied: false, timer: null }; },
    computed: { address() { return new URL(this.path, window.location.origin).href; } },
    unmounted() { clearTimeout(this.timer); },
    methods: {
        async copy() {
            try {
                await navigator.clipboard.writeText(this.address);
            } catch {
                // Without https browsers offer the old way only.
                this.$el.querySelector("input").select();
                document.execCommand("copy");
            }
            this.copied = true;
            clearTimeout(this.timer);
            this.timer = setTimeout(() => { this.copied = false; }, 2000);
        },
    },
};

/* A button that saves a text as a file on this computer. */
export const SaveButton = {
    template: `
        <button type="button" class="ml-button" :disabled="disabled" @click="save">
            <i :class="['mdi', icon]" aria-hidden="true"></i>{{ label }}
        </button>`,
    methods: {
        save() {
            const address = URL.createObjectURL(new Blob([this.text], { type: "text/plain;charset=utf-8" }));
            const link = document.createElement("a");
            link.href = address;
            link.download = this.filename;
            document.body.append(link);
            link.click();
            link.remove();
            setTimeout(() => URL.revokeObjectURL(address), 1000);
        },
    },
};

/* A button that has the server make a file, and saves it on this computer when it comes. */
export const FetchButton = {
    template: `
        <button type="button" class="ml-button" :disabled="disabled || busy" :aria-busy="busy" @click="wanted()">
            <i :class="['mdi', busy ? 'mdi-timer-sand' : icon]" aria-hidden="true"></i>{{ label }}
        </button>`,
    watch: {
        file(made) {
            if (!made || !made.data) return;
            const signs = atob(made.data);
            const bytes = new Uint8Array(signs.length);
            for (let at = 0; at < signs.length; at += 1) bytes[at] = signs.charCodeAt(at);
            const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
            const link = document.createElement("a");
            link.href = address;
            link.download = made.name;
            document.body.append(link);
            link.click();
            link.remove();
            setTimeout(() => URL.revokeObjectURL(address), 10000);
            this.arrived();
        },
    },
};

/* A button that reads one file of this computer and hands over its bytes, if it is not too large. */
export const PickFile = {
    template: `
        <span class="ml-pick">
            <button type="button" class="ml-button" :disabled="disabled" @click="$refs.file.click()">
                <i :class="['mdi', icon]" aria-hidden="true"></i>{{ label }}
            </button>
            <input ref="file" type="file" hidden :accept="accept" :aria-label="label" @change="read" />
        </span>`,
    methods: {
        async read(event) {
            const file = event.target.files[0];
            if (!file) return;
            event.target.value = "";
            if (file.size > this.limit) {
                this.picked({ name: file.name, size: file.size, data: "" });
                return;
            }
            const bytes = new Uint8Array(await file.arrayBuffer());
            let text = "";
            for (let at = 0; at < bytes.length; at += 32768) {
                text += String.fromCharCode(...bytes.subarray(at, at + 32768));
            }
            this.picked({ name: file.name, size: file.size, data: btoa(text) });
        },
    },
};

/* Tells how wide it is, in steps, so that a chart of several planes can be made to fit. */
export const Measured = {
    template: `
        <div class="ml-measured"></div>`,
    mounted() {
        this.watcher = new ResizeObserver(() => {
            clearTimeout(this.timer);
            this.timer = setTimeout(this.tell, this.told ? 200 : 0);
        });
        this.watcher.observe(this.$el);
    },
    unmounted() {
        clearTimeout(this.timer);
        this.watcher?.disconnect();
    },
    methods: {
        tell() {
            const width = Math.floor(this.$el.getBoundingClientRect().width / this.step) * this.step;
            if (width > 0 && width !== this.told) {
                this.told = width;
                this.measured(width);
            }
        },
    },
};

/* Tells whether its surroundings are dark: by what the notebook says of itself, else by what lies behind. */
export const Surroundings = {
    template: `
        <div class="ml-measured"></div>`,
    mounted() {
        this.watcher = new MutationObserver(this.tell);
        this.watcher.observe(document.body, { attributes: true });
        this.tell();
    },
    unmounted() {
        this.watcher?.disconnect();
    },
    methods: {
        tell() {
            const dark = this.measure();
            if (dark !== this.told) {
                this.told = dark;
                this.mode(dark);
            }
        },
        measure() {
            const said = document.body.dataset;
            if (said.jpThemeLight) return said.jpThemeLight === "false";
            if (said.vscodeThemeKind) return !said.vscodeThemeKind.includes("light");
            for (let place = this.$el; place; place = place.parentElement) {
                const [red, green, blue, alpha = 1] = (getComputedStyle(place).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
                if (alpha > 0.5) return red + green + blue < 384;
            }
            return false;
        },
    },
};
