// The notebook's home of the widget: the model runs in the kernel, and anywidget carries messages.
//
// To the kernel: {type: "think", run, question, kept, wait, on, limit} and {type: "stop", run}.
// From it: {type: "alive", run}, {type: "tokens", run, tokens}, {type: "thought", run, thought} and
// {type: "error", run, message}. Each run has a number; what comes for an old one is dropped.

import { fill } from "./dom.js";
import { drawWait } from "./wait.js";

const SILENT = 4000; // milliseconds without a word from the kernel before the reader is told

function kernelEngine(model, hear) {
  const texts = model.get("texts");
  const runs = new Map();
  const onMessage = (message) => runs.get(message.run)?.(message);
  model.on("msg:custom", onMessage);

  function think({ question, kept, wait, limit }, { onToken = () => {}, signal } = {}) {
    const run = `${Date.now()}-${Math.random()}`;
    return new Promise((resolve, reject) => {
      let timer, heard = false;
      const watch = () => {
        clearTimeout(timer);
        timer = setTimeout(() => hear(texts[heard ? "kernel gone" : "kernel silent"]), SILENT);
      };
      const end = (settle, value) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
        runs.delete(run);
        settle(value);
      };
      const stop = () => {
        model.send({ type: "stop", run });
        end(reject, Object.assign(new Error("Stopped."), { name: "AbortError" }));
      };
      runs.set(run, (message) => {
        heard = true;
        watch();
        if (message.type === "tokens") message.tokens.forEach(([id, text, forced, phase]) => onToken({ id, text, forced, phase }));
        else if (message.type === "thought") end(resolve, message.thought);
        else if (message.type === "error") end(reject, new Error(message.message));
      });
      if (signal?.aborted) return stop();
      signal?.addEventListener("abort", stop);
      watch();
      // JSON has no undefined: `on` says that nothing is ignored.
      model.send({ type: "think", run, question, kept, wait: wait ?? null, on: wait === undefined, limit });
    });
  }

  const info = () => {
    const found = model.get("info");
    return found && found.name ? found : null;
  };
  const close = () => model.off("msg:custom", onMessage);
  return { think, get info() { return info(); }, close };
}

// What anywidget calls for each view; returns what takes it away again.
export function render({ model, el }) {
  const root = document.createElement("div");
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // else JupyterLab takes Enter and arrows
  el.append(root);
  // The recorded picture that stands below the widget has done its work.
  const style = document.createElement("style");
  style.textContent = `[data-s1-wait="${String(model.get("key")).replace(/\W/g, "")}"] { display: none; }`;
  el.append(style);
  let widget = null;
  const engine = kernelEngine(model, (text) => widget?.say(text));
  const data = {
    texts: model.get("texts"), questions: model.get("questions"), rates: model.get("rates"),
    recorded: model.get("recorded"), open: model.get("unfolded"), heading: model.get("heading"),
  };
  const told = []; // the kernel repeats what it was told, perhaps when the reader has typed on
  const tell = (state) => {
    told.push(state.question);
    if (told.length > 50) told.shift();
    for (const name of ["question", "answers", "score", "running"]) model.set(name, state[name]);
    model.save_changes();
  };
  widget = drawWait(root, engine, data, tell);
  const arrived = () => widget.refresh();
  const failed = () => model.get("error") && widget.fail(model.get("error"));
  const asked = () => told.includes(model.get("question")) || widget.ask(model.get("question"));
  model.on("change:info", arrived);
  model.on("change:error", failed);
  model.on("change:question", asked);
  failed();
  return () => {
    model.off("change:info", arrived);
    model.off("change:error", failed);
    model.off("change:question", asked);
    widget.destroy();
    engine.close();
  };
}
