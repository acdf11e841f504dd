// The model's forward pass: Qwen2's decoder for one sequence, with its cache of keys and values.
//
// All arrays are Float64Array: JavaScript calculates in doubles, and to convert every weight from
// float32 on the way takes a third of the speed.

const ROWS_AT_ONCE = 8;
export const TOKENS_AT_ONCE = 16;

// Read a file from s1lib.notebook.wait.export: {settings, tensors: {name: {shape, values}}}.
// It is a safetensors file: the length of a JSON header, the header, and the numbers it tells of.
export function readWeights(buffer) {
  const damaged = () => new Error("The model file is damaged: load it again.");
  if (buffer.byteLength < 8) throw damaged();
  const size = Number(new DataView(buffer).getBigUint64(0, true));
  if (8 + size > buffer.byteLength) throw damaged();
  const json = new TextDecoder().decode(new Uint8Array(buffer, 8, size));
  const { __metadata__: metadata, ...header } = JSON.parse(json);
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(header)) {
    if (dtype !== "U8" || shape.at(-1) !== 3)
      throw new Error("The model file is of another version: make it again.");
    if (8 + size + end > buffer.byteLength) throw damaged();
    const bytes = new Uint8Array(buffer, 8 + size + start, end - start);
    tensors[name] = { shape: shape.slice(0, -1), values: fromThreeBytes(bytes) };
  }
  return { settings: JSON.parse(metadata.settings), tensors };
}

// Each weight is stored as a float32 without its last byte.
function fromThreeBytes(bytes) {
  const bits = new Int32Array(bytes.length / 3);
  for (let i = 0, b = 0; i < bits.length; i++, b += 3)
    bits[i] = (bytes[b] << 8) | (bytes[b + 1] << 16) | (bytes[b + 2] << 24);
  return new Float64Array(new Float32Array(bits.buffer));
}

// Lay a matrix [rows, columns] out as [rows / 8, columns, 8], so that `project` reads it in the
// order in which it is stored. Missing rows of the last group are zeros.
function packMatrix({ shape: [rows, columns], values }, bias) {
  const width = Math.ceil(rows / ROWS_AT_ONCE) * ROWS_AT_ONCE;
  const packed = new Float64Array(width * columns);
  for (let row = 0; row < rows; row++) {
    const group = (row - (row % ROWS_AT_ONCE)) * columns + (row % ROWS_AT_ONCE);
    for (let c = 0; c < columns; c++) packed[group + c * ROWS_AT_ONCE] = values[row * columns + c];
  }
  const padded = new Float64Array(width);
  if (bias) padded.set(bias.values);
  return { rows, columns, width, packed, bias: padded };
}

// out[t] = matrix · x[t] + bias, for the first `tokens` rows of x [tokens, columns].
// Each row of `out` takes `matrix.width` places. Eight sums run side by side, which keeps the
// processor busy: one sum alone would wait for each of its additions.
function project(out, x, matrix, tokens) {
  const { columns, width, packed, bias } = matrix;
  for (let row = 0; row < width; row += ROWS_AT_ONCE) {
    for (let t = 0; t < tokens; t++) {
      let a = bias[row], b = bias[row + 1], c = bias[row + 2], d = bias[row + 3];
      let e = bias[row + 4], f = bias[row + 5], g = bias[row + 6], h = bias[row + 7];
      let w = row * columns;
      for (let i = t * columns, end = i + columns; i < end; i++, w += ROWS_AT_ONCE) {
        const v = x[i];
        a += v * packed[w];
        b += v * packed[w + 1];
        c += v * packed[w + 2];
        d += v * packed[w + 3];
        e += v * packed[w + 4];
        f += v * packed[w + 5];
        g += v * packed[w + 6];
        h += v * packed[w + 7];
      }
      const o = t * width + row;
      out[o] = a; out[o + 1] = b; out[o + 2] = c; out[o + 3] = d;
      out[o + 4] = e; out[o + 5] = f; out[o + 6] = g; out[o + 7] = h;
    }
  }
}

// RMSNorm (arXiv 1910.07467) of each of the first `tokens` rows of x [tokens, size].
function normalizeRows(out, x, weight, tokens, epsilon) {
  const size = weight.length;
  for (let start = 0; start < tokens * size; start += size) {
    let squares = 0;
    for (let i = 0; i < size; i++) squares += x[start + i] * x[start + i];
    const scale = 1 / Math.sqrt(squares / size + epsilon);
    for (let i = 0; i < size; i++) out[start + i] = x[start + i] * scale * weight[i];
  }
}

// Cosines and sines of the rotary position embedding (arXiv 2104.09864), [positions, size / 2].
// Angles are rounded to float32, as transformers has them.
function rotaryTables(positions, size, theta) {
  const half = size / 2;
  const cos = new Float64Array(positions * half);
  const sin = new Float64Array(positions * half);
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(1 / Math.fround(theta ** ((2 * i) / size)));
    for (let p = 0; p < positions; p++) {
      const angle = Math.fround(p * frequency);
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { half, cos, sin };
}

// Turn each head of the vector at `start` by the angles of its position.
function rotateHeads(x, start, heads, position, { half, cos, sin }) {
  for (let head = 0; head < heads; head++, start += 2 * half) {
    for (let i = 0; i < half; i++) {
      const c = cos[position * half + i], s = sin[position * half + i];
      const left = x[start + i], right = x[start + half + i];
      x[start + i] = left * c - right * s;
      x[start + half + i] = right * c + left * s;
    }
  }
}

// One head's attention of the query at `q` to the first `count` positions of the cache.
// Four positions are taken at once; places past `count` get no weight.
function attend(out, o, query, q, keys, values, head, stride, size, count, scores) {
  let most = -Infinity;
  const scale = 1 / Math.sqrt(size);
  for (let p = 0; p < count; p += 4) {
    let a = 0, b = 0, c = 0, d = 0;
    const k = p * stride + head * size;
    for (let i = 0; i < size; i++) {
      const v = query[q + i];
      a += v * keys[k + i];
      b += v * keys[k + stride + i];
      c += v * keys[k + 2 * stride + i];
      d += v * keys[k + 3 * stride + i];
    }
    scores[p] = a * scale; scores[p + 1] = b * scale;
    scores[p + 2] = c * scale; scores[p + 3] = d * scale;
  }
  for (let p = 0; p < count; p++) most = Math.max(most, scores[p]);
  let total = 0;
  for (let p = 0; p < count; p++) total += scores[p] = Math.exp(scores[p] - most);
  for (let p = count; p % 4; p++) scores[p] = 0;
  for (let i = 0; i < size; i++) out[o + i] = 0;
  for (let p = 0; p < count; p += 4) {
    const a = scores[p] / total, b = scores[p + 1] / total;
    const c = scores[p + 2] / total, d = scores[p + 3] / total;
    const k = p * stride + head * size;
    for (let i = 0; i < size; i++) {
      out[o + i] +=
        a * values[k + i] + b * values[k + stride + i] +
        c * values[k + 2 * stride + i] + d * values[k + 3 * stride + i];
    }
  }
}

// Make the model of a file from s1lib.notebook.wait.export.
// `read(ids, position)` reads at most TOKENS_AT_ONCE tokens that stand at `position` and behind
// it, and returns the logits of what follows the last; the cache must hold what stands before.
// `copy` and `paste` save the cache of some positions and bring it back.
export function createModel(buffer) {
  const { settings, tensors } = readWeights(buffer);
  const { heads, kv_heads: kvHeads, layers: depth, context, epsilon, theta } = settings.shape;
  const tensor = (name) => {
    if (!tensors[name]) throw new Error(`The model file lacks ${name}: make it again.`);
    return tensors[name];
  };
  const matrix = (name) => packMatrix(tensor(`${name}.weight`), tensors[`${name}.bias`]);

  const embedding = tensor("model.embed_tokens.weight");
  const [vocabulary, hidden] = embedding.shape;
  const size = hidden / heads;
  const kvWidth = kvHeads * size;
  const layers = Array.from({ length: depth }, (_, number) => {
    const layer = `model.layers.${number}`;
    return {
      norm: tensor(`${layer}.input_layernorm.weight`).values,
      query: matrix(`${layer}.self_attn.q_proj`),
      key: matrix(`${layer}.self_attn.k_proj`),
      value: matrix(`${layer}.self_attn.v_proj`),
      output: matrix(`${layer}.self_attn.o_proj`),
      mlpNorm: tensor(`${layer}.post_attention_layernorm.weight`).values,
      gate: matrix(`${layer}.mlp.gate_proj`),
      up: matrix(`${layer}.mlp.up_proj`),
      down: matrix(`${layer}.mlp.down_proj`),
      keys: new Float64Array((context + 4) * kvWidth), // `attend` takes four positions at once
      values: new Float64Array((context + 4) * kvWidth),
    };
  });
  const lastNorm = tensor("model.norm.weight").values;
  const unembedding = packMatrix(embedding); // tied: the embeddings also make the logits
  const angles = rotaryTables(context, size, theta);

  const room = (width) => new Float64Array(TOKENS_AT_ONCE * width);
  const x = room(hidden), normed = room(hidden), query = room(hidden), mixed = room(hidden);
  const added = room(hidden), key = room(kvWidth), value = room(kvWidth);
  const gate = room(layers[0].gate.width), up = room(layers[0].gate.width);
  const scores = new Float64Array(context + 4);
  const logits = new Float64Array(unembedding.width);

  function attention(layer, tokens, position) {
    project(query, normed, layer.query, tokens);
    project(key, normed, layer.key, tokens);
    project(value, normed, layer.value, tokens);
    for (let t = 0; t < tokens; t++) {
      rotateHeads(query, t * hidden, heads, position + t, angles);
      rotateHeads(key, t * kvWidth, kvHeads, position + t, angles);
    }
    layer.keys.set(key.subarray(0, tokens * kvWidth), position * kvWidth);
    layer.values.set(value.subarray(0, tokens * kvWidth), position * kvWidth);
    for (let t = 0; t < tokens; t++) {
      for (let head = 0; head < heads; head++) {
        const at = t * hidden + head * size;
        const kvHead = Math.floor((head * kvHeads) / heads); // of grouped queries
        attend(mixed, at, query, at, layer.keys, layer.values,
          kvHead, kvWidth, size, position + t + 1, scores);
      }
    }
    project(added, mixed, layer.output, tokens);
  }

  function mlp(layer, tokens) {
    project(gate, normed, layer.gate, tokens);
    project(up, normed, layer.up, tokens);
    const end = tokens * layer.gate.width;
    for (let i = 0; i < end; i++) gate[i] *= up[i] / (1 + Math.exp(-gate[i])); // SiLU(gate) · up
    project(added, gate, layer.down, tokens);
  }

  function read(ids, position) {
    const tokens = ids.length;
    const end = tokens * hidden;
    ids.forEach((id, t) => {
      x.set(embedding.values.subarray(id * hidden, (id + 1) * hidden), t * hidden);
    });
    for (const layer of layers) {
      normalizeRows(normed, x, layer.norm, tokens, epsilon);
      attention(layer, tokens, position);
      for (let i = 0; i < end; i++) x[i] += added[i];
      normalizeRows(normed, x, layer.mlpNorm, tokens, epsilon);
      mlp(layer, tokens);
      for (let i = 0; i < end; i++) x[i] += added[i];
    }
    normalizeRows(normed, x.subarray(end - hidden, end), lastNorm, 1, epsilon);
    project(logits, normed, unembedding, 1);
    return logits.subarray(0, vocabulary);
  }

  const caches = layers.flatMap((layer) => [layer.keys, layer.values]);
  return {
    settings,
    vocabulary,
    read,
    copy: (start, end) => caches.map((cache) => cache.slice(start * kvWidth, end * kvWidth)),
    paste: (copies, start) => caches.forEach((cache, i) => cache.set(copies[i], start * kvWidth)),
  };
}
