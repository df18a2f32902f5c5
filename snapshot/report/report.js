// Tables sort by a click on their head and filter by a word; curves answer to the pointer.
"use strict";
(() => {
  const number = (s) => { const v = parseFloat(s.replace(/[(),]/g, "")); return isNaN(v) ? null : v; };
  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0], rows = [...body.rows];
    if (!table.tHead || rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((th, k) => {
      th.tabIndex = 0; th.setAttribute("role", "button"); th.title = "sort";
      const sort = () => {
        const up = th.getAttribute("aria-sort") !== "ascending";
        for (const x of table.tHead.rows[0].cells) x.removeAttribute("aria-sort");
        th.setAttribute("aria-sort", up ? "ascending" : "descending");
        const by = (r) => { const t = r.cells[k].textContent, n = number(t); return [n === null ? 1 : 0, n, t]; };
        rows.map((r) => [by(r), r]).sort(([a], [b]) => (a[0] - b[0]) || (up ? 1 : -1) * (a[0] ? a[2].localeCompare(b[2]) : a[1] - b[1]))
          .forEach(([, r]) => body.append(r));
      };
      th.onclick = sort;
      th.onkeydown = (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); sort(); } };
    });
    if (rows.length > 8) {
      const box = document.createElement("input");
      box.type = "search"; box.placeholder = "filter"; box.setAttribute("aria-label", "filter the table");
      box.oninput = () => { for (const r of rows) r.hidden = !r.textContent.toLowerCase().includes(box.value.toLowerCase()); };
      table.parentNode.before(box);
    }
  }
  const NS = "http://www.w3.org/2000/svg", L = 60, R = 28, B = 40;
  const make = (parent, name, attributes, text) => {
    const e = document.createElementNS(NS, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    if (text !== undefined) e.textContent = text;
    parent.append(e);
    return e;
  };
  const nice = (v) => v >= 100 ? v.toFixed(0) : v >= 1 ? v.toPrecision(3) : v.toPrecision(2);
  for (const figure of document.querySelectorAll("figure[data-curves]")) {
    const W = Math.min(Math.max(figure.clientWidth, 340), 900);
    const curves = JSON.parse(figure.dataset.curves), all = curves.flatMap((c) => c.ms);
    const columns = W < 600 ? 1 : 2, T = 12 + 16 * Math.ceil(curves.length / columns), H = 312 + T; // names stand above
    const lo = Math.log(Math.min(...all)), hi = Math.log(Math.max(...all)) + 1e-9;
    const tail = (q) => -Math.log10(1 - Math.min(q, 1 - 1e-6)), last = Math.max(...curves.flatMap((c) => c.q.filter((q) => q < 1).map(tail)), 1);
    const x = (q) => L + Math.min(tail(q) / last, 1) * (W - L - R), y = (v) => H - B - (Math.log(v) - lo) / (hi - lo) * (H - T - B);
    const svg = make(figure, "svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "latency at each quantile, by lane" });
    figure.prepend(svg);
    for (const q of [0, 0.5, 0.9, 0.99, 0.999, 0.9999]) if (tail(q) <= last) {
      make(svg, "line", { x1: x(q), x2: x(q), y1: T, y2: H - B, class: "grid" });
      make(svg, "text", { x: x(q), y: H - B + 18, "text-anchor": "middle" }, q ? "p" + +(q * 100).toFixed(2) : "min");
    }
    const range = Math.log10(Math.exp(hi - lo)), steps = range > 2.5 ? [1] : range > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
    for (let e = Math.floor(lo / Math.LN10); e <= hi / Math.LN10; e++) for (const s of steps) {
      const v = s * 10 ** e;
      if (Math.log(v) < lo || Math.log(v) > hi) continue;
      make(svg, "line", { x1: L, x2: W - R, y1: y(v), y2: y(v), class: "grid" });
      make(svg, "text", { x: L - 6, y: y(v) + 4, "text-anchor": "end" }, String(+v.toPrecision(2)));
    }
    make(svg, "text", { x: W / 2, y: H - 6, "text-anchor": "middle" }, "quantile, the tail stretched · ms, logarithmic");
    curves.forEach((c, k) => make(svg, "text", { x: L + k % columns * (W - L) / columns, y: 16 + 16 * Math.floor(k / columns), class: "name n" + k % 4 }, (k < 4 ? "— " : "┄ ") + c.name));
    curves.forEach((c, k) => make(svg, "polyline", { class: "curve c" + k % 4 + (k < 4 ? "" : " dashed"), points: c.q.map((q, i) => x(q) + "," + y(c.ms[i])).join(" ") }));
    const line = make(svg, "line", { y1: T, y2: H - B, class: "pointer", visibility: "hidden" });
    const says = document.createElement("output");
    svg.after(says);
    const at = (c, q) => { // linear between the points, which have each percentile of the tables
      const i = c.q.findIndex((v) => v >= q);
      if (i <= 0) return c.ms[i < 0 ? c.ms.length - 1 : 0];
      return c.ms[i - 1] + (c.ms[i] - c.ms[i - 1]) * (q - c.q[i - 1]) / (c.q[i] - c.q[i - 1]);
    };
    const lines = [line], drawings = [svg];
    if (curves.length === 2) { // their difference, small ones and large ones alike visible
      const h = 200, qs = [...new Set(curves.flatMap((c) => c.q))].sort((a, b) => a - b), d = qs.map((q) => at(curves[1], q) - at(curves[0], q));
      const unit = Math.max(Math.max(...d.map(Math.abs)) / 1000, 1e-6), bend = (v) => Math.sign(v) * Math.log1p(Math.abs(v) / unit);
      const from = bend(Math.min(0, ...d)), to = bend(Math.max(0, ...d)) + 1e-9, y2 = (v) => h - B - (bend(v) - from) / (to - from) * (h - 24 - B);
      const below = make(figure, "svg", { viewBox: `0 0 ${W} ${h}`, role: "img", "aria-label": `difference at each quantile, ${curves[1].name} less ${curves[0].name}` });
      svg.after(below);
      make(below, "text", { x: L, y: 14, class: "name" }, `${curves[1].name} − ${curves[0].name}, ms: below the line ${curves[1].name} is faster`);
      for (const v of new Set([Math.min(0, ...d), 0, Math.max(0, ...d)])) {
        make(below, "line", { x1: L, x2: W - R, y1: y2(v), y2: y2(v), class: "grid" });
        make(below, "text", { x: L - 6, y: y2(v) + 4, "text-anchor": "end" }, v ? nice(Math.abs(v)).replace(/^/, v < 0 ? "−" : "+") : "0");
      }
      for (const q of [0, 0.5, 0.9, 0.99, 0.999, 0.9999]) if (tail(q) <= last) make(below, "line", { x1: x(q), x2: x(q), y1: 24, y2: h - B, class: "grid" });
      make(below, "text", { x: W / 2, y: h - 12, "text-anchor": "middle" }, "the same quantiles · symmetric logarithm");
      make(below, "polyline", { class: "curve c1", points: qs.map((q, i) => x(q) + "," + y2(d[i])).join(" ") });
      lines.push(make(below, "line", { y1: 24, y2: h - B, class: "pointer", visibility: "hidden" }));
      drawings.push(below);
    }
    const show = (q) => {
      for (const l of lines) { l.setAttribute("visibility", "visible"); l.setAttribute("x1", x(q)); l.setAttribute("x2", x(q)); }
      const v = curves.map((c) => at(c, q));
      says.textContent = "p" + (q * 100).toFixed(q > 0.999 ? 3 : q > 0.9 ? 2 : 0) + ": " + curves.map((c, k) => c.name + " " + nice(v[k]) + " ms").join(", ") +
        (v.length === 2 ? ", difference " + nice(v[1] - v[0]) + " ms" : "");
    };
    for (const drawing of drawings) drawing.onpointermove = (e) => {
      const box = drawing.getBoundingClientRect(), p = ((e.clientX - box.left) / box.width * W - L) / (W - L - R) * last;
      show(Math.min(Math.max(1 - Math.pow(10, -p), 0), 1 - Math.pow(10, -last)));
    };
    show(0.5);
  }
})();
