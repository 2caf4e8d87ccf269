/* Draws <pre class="mermaid-book">, again when the theme changes. Without it the source stays readable. */
(() => {
  const root = document.documentElement;
  const draw = async () => {
    const dark = root.dataset.theme === "dark";
    mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default", securityLevel: "strict" });
    for (const [i, box] of document.querySelectorAll(".mermaid-book").entries()) {
      box._source ??= box.textContent;
      box.innerHTML = (await mermaid.render(`mermaid-book-${i}`, box._source)).svg;
      box.classList.add("drawn");
    }
  };
  draw();
  let theme = root.dataset.theme;
  new MutationObserver(() => {
    if (root.dataset.theme !== theme) { theme = root.dataset.theme; draw(); }
  }).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
})();
