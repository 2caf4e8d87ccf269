/* Starts reveal.js and fits what is shown to the slide. A focused figure keeps its keys. */
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { root.dataset.theme = dark.matches ? "dark" : "light"; };
  follow();
  dark.addEventListener("change", follow);
  if (!window.Reveal) return;                                 // the index

  // a figure's sizes are meant for a page whose text has 15 pixels: enlarge them as the slide's text is, but leave
  // room to the drawing; no letters below 1/30 of the slide's height
  const letters = (size) => Math.max(size, 12), less = (size) => 0.8 * size, same = (size) => size;
  const GROW = { font: { size: letters }, textfont: { size: letters }, tickfont: { size: letters }, marker: { size: less },
    line: { width: same }, margin: { t: less, b: less, l: same, r: same }, pad: { t: less, b: less } };
  const enlarge = (value, by, parent) => {
    if (!value || typeof value !== "object" || value.bdata) return;
    for (const [key, inner] of Object.entries(value)) {
      const grown = GROW[parent]?.[key];
      if (grown && typeof inner === "number") value[key] = by * grown(inner);
      else enlarge(inner, by, Array.isArray(value) ? parent : key);
    }
  };
  const emOf = (box) => parseFloat(getComputedStyle(box).fontSize);
  for (const box of document.querySelectorAll(".plotly-book")) {
    let figure;
    Object.defineProperty(box, "_figure", { get: () => {
      if (figure) return figure;
      figure = JSON.parse(box.querySelector("script").textContent);
      const by = emOf(box) / 15, { layout } = figure;
      layout.font = { size: 12, ...layout.font };
      layout.hoverlabel = { font: { size: 12 }, ...layout.hoverlabel };
      layout.margin = { l: 80, r: 20, b: 80, ...layout.margin };
      for (const trace of figure.data) if (trace.type === "scatter") trace.line = { width: 2, ...trace.line };
      for (const [name, axis] of Object.entries(layout)) {
        if (/^[xy]axis/.test(name) && axis.title) {
          axis.title.font = { size: 12, ...axis.title.font };
          if (name[0] === "y") axis.title.text = axis.title.text?.replace(" (", "<br>(");
        }
      }
      if (layout.legend?.y < 0) {                             // below the axis, however high the drawing is
        Object.assign(layout.legend, { yref: "container", y: 0, yanchor: "bottom" });
        layout.margin.b = Math.max(layout.margin.b, 110);
      }
      enlarge(figure, by);
      for (const name of Object.keys(layout).filter((key) => /^scene/.test(key))) {
        for (const axis of ["xaxis", "yaxis", "zaxis"]) {     // these grow with the scene
          layout[name][axis] = { ...layout[name][axis], tickfont: { size: 12, ...layout[name][axis]?.tickfont } };
        }
      }
      for (const slider of layout.sliders ?? []) slider.pad = { ...slider.pad, l: 30 * by, r: 30 * by };
      return figure;
    } });
  }

  // text shrinks to four fifths, 1/30 of the slide's height, code and what it prints to two thirds;
  // what is longer then, scrolls. Code is wrapped only if it is too wide at 1/30
  const wide = (box) => box.scrollWidth > box.clientWidth + 1;
  const fit = () => {
    const shown = Reveal.getCurrentSlide()?.querySelector(".shown");
    if (!shown) return;
    const boxes = [shown, ...shown.querySelectorAll("pre:not(.mermaid-book), div.math, .text_html, .pst-scrollable-table-container")];
    const high = [shown, ...shown.querySelectorAll(".text_html")];
    const fits = () => !boxes.some(wide) && !high.some((box) => box.scrollHeight > box.clientHeight + 1);
    const least = shown.querySelector("div.math") ? 0.5 : shown.querySelector("pre, table") ? 0.66 : 0.8;
    for (let size = 1; size >= least; size -= 0.02) {
      shown.style.fontSize = `${size}em`;
      shown.classList.toggle("wrapped", size < 0.79);
      if (fits()) break;
    }
    const strip = shown.querySelector(".text_html > div[role=group]");
    for (let zoom = 4; strip && zoom >= 0.5; zoom -= 0.1) {
      strip.style.zoom = zoom;
      if (fits()) break;
    }
  };

  const FIGURE = ".plotly-book[tabindex], model-viewer", FIGURE_KEYS = /^(Arrow|[-+=]$)/;
  const ours = (event) => {
    const figure = event.target.closest?.(FIGURE);
    if (figure && event.key === "Escape") figure.blur();
    return figure && (FIGURE_KEYS.test(event.key) || event.key === "Escape");
  };
  for (const box of document.querySelectorAll(".plotly-book, model-viewer, pre, table, div.math")) box.dataset.preventSwipe = "";
  window.MathJax = { chtml: { matchFontHeight: false }, options: { processHtmlClass: "math" } };
  Reveal.initialize({
    plugins: [RevealNotes], disableLayout: true, display: "flex", center: false, transition: "none", overview: false,
    hash: true, slideNumber: "h.v", keyboardCondition: (event) => !ours(event),
  });
  Reveal.addKeyBinding({ keyCode: 84, key: "T", description: "Light or dark" }, () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  });
  Reveal.on("ready", fit);
  Reveal.on("slidechanged", () => { document.activeElement.blur(); fit(); });
  addEventListener("resize", fit);
  addEventListener("load", async () => {
    await MathJax.startup.promise;
    // the window of the notes has no fonts for formulas; browsers set MathML by themselves
    for (const formula of document.querySelectorAll(".notes mjx-container")) formula.replaceWith(formula.querySelector("math"));
    fit();
  });
})();
