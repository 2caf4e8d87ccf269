/* Draws <div class="plotly-book"><script type="application/vnd.plotly.v1+json">.
   A figure is drawn when near the viewport and purged when far: browsers allow about 16 WebGL contexts. */
(() => {
  const root = document.documentElement;
  const scenesOf = (plot) => Object.keys(plot._fullLayout).filter((key) => /^scene\d*$/.test(key));

  const hasWebGL = (() => {
    let known;
    return () => {
      if (known === undefined) {
        const gl = document.createElement("canvas").getContext("webgl");
        known = Boolean(gl);
        gl?.getExtension("WEBGL_lose_context")?.loseContext();
      }
      return known;
    };
  })();

  // the page's colours as the figure's defaults: what the figure itself sets, stays
  const themed = (layout) => {
    const dark = root.dataset.theme === "dark";
    const ink = dark ? "#ced6dd" : "#323a44", line = dark ? "#56606d" : "#c3cad3", clear = "rgba(0,0,0,0)";
    const old = layout.template?.layout ?? {};
    const axis = { color: ink, gridcolor: line, linecolor: line, zerolinecolor: line };
    const axis3d = { ...axis, backgroundcolor: clear };
    const scene = {};
    for (const name of ["xaxis", "yaxis", "zaxis"]) scene[name] = { ...old.scene?.[name], ...axis3d };
    return { ...layout, width: undefined, autosize: true, template: { ...layout.template, layout: { ...old,
      paper_bgcolor: clear, plot_bgcolor: clear, font: { ...old.font, color: ink },
      modebar: { bgcolor: clear, color: line, activecolor: ink },
      xaxis: { ...old.xaxis, ...axis }, yaxis: { ...old.yaxis, ...axis }, scene: { ...old.scene, ...scene },
    } } };
  };

  // the view glides on after Plotly has noted the camera: note it again before drawing anew
  const keepCameras = (plot) => {
    for (const scene of scenesOf(plot)) plot.layout[scene].camera = plot._fullLayout[scene]._scene.getCamera();
  };

  // the scene that the reader turns leads, the others of a linked figure take its camera.
  // Not Plotly.relayout: it would set the leader back in the middle of its turn.
  const link = (plot) => {
    let leader, until = 0, running = false;
    const step = () => {
      running = performance.now() < until && plot._fullLayout?.[leader]?._scene;
      if (!running) return;
      const camera = plot._fullLayout[leader]._scene.getCamera();
      for (const scene of scenesOf(plot)) {
        const layout = plot._fullLayout[scene];
        if (scene !== leader) layout._scene.setViewport({ ...layout, camera });
      }
      requestAnimationFrame(step);
    };
    const lead = (change) => {
      const turned = Object.keys(change).find((name) => /^scene\d*\.camera$/.test(name));
      if (!turned) return;
      [leader] = turned.split(".");
      until = performance.now() + 500;
      if (!running) step();
    };
    plot.on("plotly_relayouting", lead);
    plot.on("plotly_relayout", lead);
  };

  const draw = (box) => {
    if (box._live) return;
    box._figure ??= JSON.parse(box.querySelector("script").textContent);
    const { data, layout = {}, frames, config } = box._figure;
    const in3d = data.some((trace) => /3d|^surface$|^cone$|^streamtube$|^isosurface$|^volume$/.test(trace.type));
    if (!window.Plotly || (in3d && !hasWebGL())) return;        // the words stay
    box._live = true;
    const plot = box._plot ??= box.appendChild(document.createElement("div"));
    plot.className = "plotly-drawing";
    box.classList.add("drawn");
    Plotly.newPlot(plot, { data, layout: themed(box._layout ?? layout), frames,
      config: { ...config, responsive: true, displaylogo: false } });
    if (layout.meta?.linked) link(plot);
  };

  const drop = (box) => {
    if (!box._live) return;
    keepCameras(box._plot);
    box._layout = JSON.parse(JSON.stringify(box._plot.layout));
    const drawings = scenesOf(box._plot).map((scene) => box._plot._fullLayout[scene]._scene.glplot);
    Plotly.purge(box._plot);
    for (const drawing of drawings) {      // Plotly leaves their WebGL contexts to the garbage collector: too late
      drawing.oncontextloss = null;
      drawing.gl.getExtension("WEBGL_lose_context")?.loseContext();
    }
    box._live = false;
  };

  const retheme = (box) => {
    if (!box._live) return;
    keepCameras(box._plot);
    Plotly.relayout(box._plot, { template: themed(box._plot.layout).template });
  };

  // step in radians about the vertical and above the horizon; the eye's distance is multiplied by zoom
  const turned = (camera, azimuth, elevation, zoom) => {
    const { eye, center } = camera;
    const [x, y, z] = [eye.x - center.x, eye.y - center.y, eye.z - center.z];
    const distance = Math.hypot(x, y, z);
    const a = Math.atan2(y, x) + azimuth, r = distance * zoom;
    const e = Math.max(-1.55, Math.min(1.55, Math.asin(z / distance) + elevation));
    return { ...camera, eye: { x: center.x + r * Math.cos(e) * Math.cos(a),
      y: center.y + r * Math.cos(e) * Math.sin(a), z: center.z + r * Math.sin(e) } };
  };
  const STEPS = { ArrowLeft: [0.1, 0, 1], ArrowRight: [-0.1, 0, 1], ArrowUp: [0, -0.1, 1], ArrowDown: [0, 0.1, 1],
    "+": [0, 0, 1 / 1.1], "=": [0, 0, 1 / 1.1], "-": [0, 0, 1.1] };
  const onKey = (event) => {
    const box = event.currentTarget, step = STEPS[event.key];
    if (!step || !box._live || event.ctrlKey || event.metaKey || event.altKey) return;
    const scenes = scenesOf(box._plot);
    if (!scenes.length) return;
    event.preventDefault();
    Plotly.relayout(box._plot, Object.fromEntries(scenes.map((scene) =>
      [`${scene}.camera`, turned(box._plot._fullLayout[scene]._scene.getCamera(), ...step)])));
  };

  // pictures in place of canvases, for paper: a printer sees WebGL as blank
  const freeze = () => boxes.forEach((box) => {
    draw(box);
    if (!box._live) return;
    for (const scene of scenesOf(box._plot).map((key) => box._plot._fullLayout[key]._scene)) {
      const picture = new Image();
      picture.className = "plotly-frozen";
      picture.alt = "";
      picture.src = scene.toImage("png");
      scene.container.append(picture);
    }
  });
  const thaw = () => { boxes.forEach(drop); boxes.forEach((box) => near.has(box) && draw(box)); };

  const boxes = [...document.querySelectorAll(".plotly-book")], near = new Set();
  const watch = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    near[isIntersecting ? "add" : "delete"](target);
    (isIntersecting ? draw : drop)(target);
  }), { rootMargin: "400px 0px" });
  for (const box of boxes) {
    watch.observe(box);
    box.addEventListener("keydown", onKey);
    // the wheel scrolls the page until the reader has clicked into the figure; then it zooms
    box.addEventListener("pointerdown", () => box.focus({ preventScroll: true }), true);
    box.addEventListener("wheel", (event) => {
      if (!box.contains(document.activeElement)) event.stopPropagation();
    }, true);
  }
  let theme = root.dataset.theme;
  new MutationObserver(() => {
    if (root.dataset.theme !== theme) { theme = root.dataset.theme; boxes.forEach(retheme); }
  }).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  addEventListener("beforeprint", freeze);
  addEventListener("afterprint", thaw);
  window.plotlyBook = { freeze, thaw };
})();
