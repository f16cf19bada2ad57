/* HTML elements of the app: a Vue component that draws a tree of them, sent as one widget.
 *
 * It is an ES module, registered by mesa_lab/app/javascript.py. A tree is [name, classes, attributes,
 * child, ...]; a child is a text, a tree, or the number of a widget in the slot. Texts reach the page as text only.
 */
import { h, resolveComponent } from "vue";

function drawn([name, classes, attributes, ...children], widgets) {
    return h(name, { ...attributes, class: classes || undefined }, children.map((child) =>
        Array.isArray(child) ? drawn(child, widgets) : typeof child === "number" ? widgets[child] : child));
}

const Tree = (props, { slots }) => drawn(props.of, slots.default());
Tree.props = ["of", "tag"];

/* A widget's new values wait in the browser until those before them are answered, but not its events: a press would overtake
 * the letters that were typed before it. So what waits goes first. All widgets share the class that this changes, once. */
function keepOrder(model) {
    let shared = model;
    while (shared && !Object.hasOwn(shared, "send_sync_message")) shared = Object.getPrototypeOf(shared);
    if (!shared || shared.keepsOrder) return;
    shared.keepsOrder = true;
    const { send, sync } = shared, waiting = new Set();
    shared.sync = function (...words) {
        const answer = sync.apply(this, words);
        if (this._msg_buffer !== null) waiting.add(this);
        return answer;
    };
    shared.send = function (...words) {
        for (const one of waiting) {
            if (one._msg_buffer === null) continue; // it was sent since
            one.rememberLastUpdateFor(one.send_sync_message(one._msg_buffer, one._msg_buffer_callbacks));
            one._msg_buffer = one._msg_buffer_callbacks = null;
        }
        waiting.clear();
        return send.apply(this, words);
    };
}

/* Stands around all elements. What is drawn before a page knows `ml-tree` would be drawn a second time beside it, so this
 * registers it before it shows anything. A plugin would have ipyvue draw the page anew after each start of a kernel. */
export default {
    inject: ["viewCtx"],
    created() {
        this.viewCtx.getModelById(this.children[0].substring("IPY_MODEL_".length)).then(keepOrder);
        const { app } = this.$.appContext;
        if (!app.component("ml-tree")) app.component("ml-tree", Tree);
    },
    render() {
        return h(resolveComponent("jupyter-widget"), { widget: this.children[0] });
    },
};
