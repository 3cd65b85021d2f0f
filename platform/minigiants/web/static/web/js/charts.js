// Charts answer the pointer and the arrow keys with what stands at a point, and some can be looked
// at more closely. Without this they read all the same: each has a summary and a table.

const REACH_PIXELS = 28;
const FACTOR = 1.6;
const CLOSEST = 16;

const tip = document.createElement("p");
tip.className = "charttip";
tip.setAttribute("role", "status");
tip.hidden = true;

function middle(group) {
  const { left, right, top, bottom } = (group.querySelector(".mark") ?? group).getBoundingClientRect();
  return { x: (left + right) / 2, y: (top + bottom) / 2, top };
}

class Points {
  constructor(chart) {
    this.groups = [...chart.querySelectorAll("g:has(> title)")];
    for (const group of this.groups) {
      const title = group.querySelector(":scope > title");
      group.dataset.tip = title.textContent;
      title.remove(); // the browser would show it a second time
    }
    this.chosen = null;
  }

  choose(group) {
    if (group === this.chosen) return;
    this.chosen?.classList.remove("chosen");
    this.chosen = group;
    tip.hidden = group === null;
    if (group === null) return;
    group.classList.add("chosen");
    tip.textContent = group.dataset.tip;
    const place = middle(group);
    const most = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(place.x - tip.offsetWidth / 2, most)) + window.scrollX}px`;
    tip.style.top = `${place.top - tip.offsetHeight - 10 + window.scrollY}px`;
  }

  nearest(x, y) {
    let found = null;
    let least = REACH_PIXELS;
    for (const group of this.groups) {
      const { left, right, top, bottom } = group.getBoundingClientRect();
      const distance = Math.hypot(
        Math.max(left - x, 0, x - right),
        Math.max(top - y, 0, y - bottom),
      );
      const place = middle(group);
      const exact = distance + Math.hypot(place.x - x, place.y - y) / 1000;
      if (exact < least) {
        least = exact;
        found = group;
      }
    }
    return found;
  }

  step(by) {
    const byPlace = [...this.groups].sort((a, b) => middle(a).x - middle(b).x);
    const at = byPlace.indexOf(this.chosen) + by;
    this.choose(byPlace[Math.max(0, Math.min(at, byPlace.length - 1))]);
  }
}

// A closer look keeps marks and letters at their size and the axes' numbers at the edge.
class Lens {
  constructor(chart) {
    this.chart = chart;
    const { x, y, width, height } = chart.viewBox.baseVal;
    this.whole = { x, y, width, height };
    this.view = { ...this.whole };
    this.words = [...chart.querySelectorAll(".tick, .axistitle")].map((element) => ({
      element,
      x: Number(element.getAttribute("x")),
      y: Number(element.getAttribute("y")),
      isBeside: element.matches(".tick") && Number(element.getAttribute("x")) < 68,
      isBelow: element.matches(".tick") && Number(element.getAttribute("x")) >= 68,
    }));
  }

  get scale() {
    return this.whole.width / this.view.width;
  }

  look(scale, middleX, middleY) {
    const width = this.whole.width / scale;
    const height = this.whole.height / scale;
    this.view = {
      width,
      height,
      x: Math.max(0, Math.min(middleX - width / 2, this.whole.width - width)),
      y: Math.max(0, Math.min(middleY - height / 2, this.whole.height - height)),
    };
    this.draw();
  }

  closer(factor, place = this.centre()) {
    this.look(Math.max(1, Math.min(this.scale * factor, CLOSEST)), place.x, place.y);
  }

  move(byX, byY) {
    const { x, y } = this.centre();
    this.look(this.scale, x + byX, y + byY);
  }

  centre() {
    return { x: this.view.x + this.view.width / 2, y: this.view.y + this.view.height / 2 };
  }

  draw() {
    const { view, whole, scale } = this;
    this.chart.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    this.chart.style.setProperty("--scale", scale);
    for (const word of this.words) {
      const below = view.y + view.height - (whole.height - word.y) / scale;
      const x = word.isBelow ? word.x : view.x + word.x / scale;
      let { y } = word;
      if (word.isBelow) y = below;
      else if (!word.isBeside) y = word.y > whole.height / 2 ? below : view.y + word.y / scale;
      word.element.setAttribute("x", x);
      word.element.setAttribute("y", y);
    }
  }
}

function button(words, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button quiet small";
  made.textContent = words;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function addLens(figure, chart, points) {
  const lens = new Lens(chart);
  const changed = (act) => () => {
    points.choose(null);
    act();
    farther.disabled = whole.disabled = lens.scale === 1;
    closer.disabled = lens.scale === CLOSEST;
    chart.classList.toggle("close", lens.scale > 1);
  };
  const closer = button("+", "Zoom in", changed(() => lens.closer(FACTOR)));
  const farther = button("−", "Zoom out", changed(() => lens.closer(1 / FACTOR)));
  const whole = button("Whole chart", "Show the whole chart", changed(() => lens.closer(0)));
  farther.disabled = whole.disabled = true;
  const bar = document.createElement("div");
  bar.className = "row zoombar";
  bar.append(closer, farther, whole);
  figure.before(bar);
  let held = null;
  const unit = () => lens.view.width / chart.getBoundingClientRect().width;
  chart.addEventListener("pointerdown", (event) => {
    if (lens.scale === 1 || event.pointerType === "touch") return;
    held = event;
    chart.setPointerCapture(event.pointerId);
  });
  chart.addEventListener("pointermove", (event) => {
    if (!held) return;
    lens.move((held.clientX - event.clientX) * unit(), (held.clientY - event.clientY) * unit());
    held = event;
  });
  for (const end of ["pointerup", "pointercancel"]) chart.addEventListener(end, () => (held = null));
  chart.addEventListener("dblclick", (event) => {
    const box = chart.getBoundingClientRect();
    const place = {
      x: lens.view.x + (event.clientX - box.left) * unit(),
      y: lens.view.y + (event.clientY - box.top) * unit(),
    };
    changed(() => lens.closer(FACTOR, place))();
  });
}

for (const figure of document.querySelectorAll("figure:has(> .chart)")) {
  const chart = figure.querySelector(":scope > .chart");
  const points = new Points(chart);
  if (points.groups.length === 0) continue;
  chart.addEventListener("pointermove", (event) => {
    if (!event.buttons) points.choose(points.nearest(event.clientX, event.clientY));
  });
  chart.addEventListener("pointerleave", () => points.choose(null));
  figure.addEventListener("blur", () => points.choose(null));
  figure.addEventListener("scroll", () => points.choose(null));
  figure.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) points.step(step);
    else if (event.key === "Escape") points.choose(null);
    else return;
    event.preventDefault();
  });
  if ("zoom" in figure.dataset) addLens(figure, chart, points);
}
document.body.append(tip);
