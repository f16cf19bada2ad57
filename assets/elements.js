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

/* Stands around all elements. What is drawn before a page knows `ml-tree` would be drawn a second time beside it, so this
 * registers it before it shows anything. A plugin would have ipyvue draw the page anew after each start of a kernel. */
export default {
    created() {
        const { app } = this.$.appContext;
        if (!app.component("ml-tree")) app.component("ml-tree", Tree);
    },
    render() {
        return h(resolveComponent("jupyter-widget"), { widget: this.children[0] });
    },
};
