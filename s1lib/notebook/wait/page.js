// The page's home of the widget: no kernel, the model runs in JavaScript.
//
// Beside this script lies model.js, which sets globalThis.s1WaitModel = {weights, tokenizer}:
// the weights, deflated and in base64, and the tokenizer's file. A script can be loaded from the disk, which a
// browser does not allow for other files.

import { checkerFor } from "./engine/checker.js";
import { createEngine } from "./engine/engine.js";
import { drawWait } from "./wait.js";

// Draws the widget into `root`. `data`: see wait.js. `model` is the address of model.js.
export function openPage(root, data, model) {
  const holder = { info: null, think: null };
  const widget = drawWait(root, holder, data);
  const arrive = async () => {
    const { weights, tokenizer } = await loadModel(model);
    const engine = createEngine({ weights: await inflate(weights), tokenizer });
    holder.info = engine.info;
    holder.think = async (asked, hooks) => {
      const thought = await engine.think(asked, hooks);
      const truth = checkerFor(asked.question);
      return { ...thought, truth: truth == null ? null : String(truth) };
    };
    widget.refresh();
  };
  // The recorded thought is drawn before the model is read.
  requestAnimationFrame(() =>
    setTimeout(() => arrive().catch((error) => {
      console.error(error);
      widget.fail(data.texts["error no model"]);
    })));
  return widget;
}

function loadModel(address) {
  return new Promise((resolve, reject) => {
    if (globalThis.s1WaitModel) return resolve(globalThis.s1WaitModel);
    const script = document.createElement("script");
    script.src = address;
    script.onload = () =>
      globalThis.s1WaitModel ? resolve(globalThis.s1WaitModel) : reject(new Error("no model in it"));
    script.onerror = () => reject(new Error(`cannot load ${address}`));
    document.head.append(script);
  });
}

function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}
