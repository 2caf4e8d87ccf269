/* <model-viewer class="model-book">, before model-viewer takes it up: a page that is served names the model's file,
   which a phone's own viewer can open; a page from the disk keeps the address that holds the model itself. */
for (const viewer of document.querySelectorAll(".model-book")) {
  if (location.protocol.startsWith("http")) {
    viewer.setAttribute("src", new URL(viewer.dataset.file, document.baseURI).href);
  }
  // the wheel scrolls the page until the reader has clicked into the model; then it zooms
  viewer.addEventListener("wheel", (event) => {
    if (document.activeElement !== viewer) event.stopPropagation();
  }, true);
}
