/* What a page does before, beside and after Solara: its first picture, the connection to the server, the focus.
 * Solara puts a file of this name into every page. */
(() => {
    const DRAFT = 'mesa-lab-design';
    const skeleton = document.getElementById('ml-skeleton');
    const banner = document.getElementById('ml-connection');
    let shown = false;

    /* The first picture goes when the page is there. A hint is no alert; Vuetify says that it is. */
    const look = () => {
        const page = document.querySelector('.ml-app');
        // Pages of others (`serve(pages=...)`) have no frame of ours to wait for.
        const other = !page && document.querySelector('.solara-autorouter-content > *');
        if (!shown && (other || (page && getComputedStyle(page).visibility === 'visible'))) {
            shown = true;
            skeleton?.remove();
        }
        for (const hint of document.querySelectorAll('.v-input:not(.v-input--error) > .v-input__details[role=alert]')) {
            hint.removeAttribute('role');
        }
        for (const mistake of document.querySelectorAll('.v-input--error > .v-input__details:not([role])')) {
            mistake.setAttribute('role', 'alert');
        }
    };
    let asked = false;
    new MutationObserver(() => {
        if (asked) return;
        asked = true;
        requestAnimationFrame(() => { asked = false; look(); });
    }).observe(document.documentElement, { childList: true, subtree: true });
    // The style that makes it visible may come without a change of the page.
    const waiting = setInterval(() => { look(); if (shown) clearInterval(waiting); }, 100);

    /* Another page: the keyboard goes on at its beginning, not at that of the frame around it. */
    let path = location.pathname, following = 0;
    const moved = () => {
        if (location.pathname === path) return;
        path = location.pathname;
        window.scrollTo(0, 0);
        let tries = 0;
        clearInterval(following);
        following = setInterval(() => {
            const now = document.activeElement, main = document.getElementById('ml-main');
            const lost = !now || now === document.body || now.closest('.ml-header');
            if (lost && main) main.focus({ preventScroll: true });
            // What was pressed goes with its page; whoever has begun to type is left alone.
            if (lost || now.matches('input, textarea') || ++tries > 50) clearInterval(following);
        }, 100);
    };
    for (const name of ['pushState', 'replaceState']) {
        const plain = history[name].bind(history);
        history[name] = (...words) => { plain(...words); keep(); moved(); };
    }
    window.addEventListener('popstate', moved);
    document.addEventListener('click', (event) => {
        const skip = event.target.closest?.('.ml-skip');
        if (!skip) return;
        event.preventDefault();
        document.querySelector(skip.getAttribute('href'))?.focus();
    });

    /* The design outlives the server in the address of its pages; from other pages it is taken along by a reload. */
    function keep() {
        const design = new URLSearchParams(location.search).get('design');
        if (design) sessionStorage.setItem(DRAFT, design);
    }
    keep();
    const reload = () => {
        const url = new URL(location.href), design = sessionStorage.getItem(DRAFT);
        if (design && !url.searchParams.has('design')) url.searchParams.set('design', design);
        location.replace(url);
    };

    /* The server is away: say so, look for it, and come back to the same place. */
    const say = (text) => {
        if (!banner) return;
        banner.hidden = !text;
        if (banner.textContent !== text) banner.textContent = text;
    };
    const answers = async () => {
        try {
            return (await fetch(`${solara.rootPath ?? ''}/static/assets/favicon.svg`, { cache: 'no-store', method: 'HEAD' })).ok;
        } catch {
            return false;
        }
    };
    const connected = () => window.solara?.debug?.kernel?.()?.connectionStatus === 'connected';
    let leaving = false, back = 0, away = 0;
    window.addEventListener('pagehide', () => { leaving = true; });
    window.addEventListener('beforeunload', () => { leaving = true; setTimeout(() => { leaving = false; }, 5000); });
    setInterval(async () => {
        if (leaving || !shown) return;
        const gone = document.querySelector('#app .v-alert')?.innerText?.includes('refresh the page');
        if (connected() && !gone) {
            say('');
            back = away = 0;
            return;
        }
        away += 1;
        if (away < 2 && !gone) return;  // a moment without it is none
        say('Not connected. Trying again …');
        back = (await answers()) ? back + 1 : 0;
        // It may find its way back by itself; a server that was started anew does not know this page.
        if (back >= (gone ? 1 : 4) && !leaving) {
            say('Connected again. Loading the page …');
            leaving = true;
            reload();
        }
    }, 1000);

    /* P shows the answer or chart that is looked at alone and large, and leaves that again. */
    document.addEventListener('keydown', (event) => {
        if (event.key !== 'p' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
        if (event.target.closest?.('input, textarea, select, [contenteditable], [role=listbox], [role=combobox]')) return;
        const buttons = [...document.querySelectorAll('.ml-project')];
        const place = (button) => button.closest('.ml-projectable')?.getBoundingClientRect();
        const seen = (button) => {
            const { top = 0, bottom = 0 } = place(button) ?? {};
            return Math.min(bottom, innerHeight) - Math.max(top, 0);
        };
        const focused = document.activeElement?.closest?.('.ml-projectable')?.querySelector('.ml-project');
        const pressed = buttons.find((button) => button.getAttribute('aria-pressed') === 'true');
        (pressed ?? focused ?? buttons.sort((one, other) => seen(other) - seen(one))[0])?.click();
    });
})();
