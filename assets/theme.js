/* Colours of the app, and its mode: that of the system unless the user chose one.
 * Solara's page cannot be asked for "auto" from Python (it then leaves out its root element), so the
 * server says "light" and this file, which runs before anything is drawn, corrects it. */
vuetifyThemes = {
    light: {
        dark: false,
        colors: {
            primary: '#0f766e',
            secondary: '#475569',
            error: '#b3261e',
            info: '#2563a8',
            success: '#2e7d32',
            warning: '#a15c00',
            background: '#f6f7f8',
            surface: '#ffffff',
        },
    },
    dark: {
        dark: true,
        colors: {
            primary: '#2dafa2',
            secondary: '#94a3b8',
            error: '#f2867d',
            info: '#7fb2e8',
            success: '#7cc083',
            warning: '#e3a857',
            background: '#14181b',
            surface: '#1c2226',
        },
    },
};
(() => {
    if (!localStorage.getItem(':solara:theme.variant')) theme.variant = 'auto';
    const dark = inDarkMode();
    const page = document.getElementById('app');
    page.classList.toggle('theme--dark', dark);
    page.classList.toggle('theme--light', !dark);
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
})();
