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

/* What is drawn before a page has learnt of `ml-tree` would be drawn a second time beside it: this waits for the module. */
export const Root = {
    render() {
        return h(resolveComponent("jupyter-widget"), { widget: this.children[0] });
    },
};

export default { install: (app) => app.component("ml-tree", Tree) };
