"""The networks of four tasks in PyTorch, trained as `unroll train` trains them. See tasks.py."""
import collections
import contextlib
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class Training:
    """AdamW with clipping and a moving average of the weights, epoch by epoch."""

    def __init__(self, module, rate, clip=1.0, averaging=0.0, decay=0.01):
        self.module, self.clip, self.averaging = module, clip, averaging
        self.parameters = list(module.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=rate, weight_decay=decay, foreach=True)
        self.average = [p.detach().clone() for p in self.parameters] if averaging else None

    def step(self, loss):
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, self.clip, foreach=True)
        self.optimizer.step()
        if self.average:
            torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], 1 - self.averaging)

    @contextlib.contextmanager
    def judged(self):
        self.module.eval()
        kept = [p.detach().clone() for p in self.parameters]
        with torch.no_grad():
            for parameter, value in zip(self.parameters, self.average or kept):
                parameter.copy_(value)
            yield
            for parameter, value in zip(self.parameters, kept):
                parameter.copy_(value)
        self.module.train()


def prepare(threads, mkldnn):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    torch.backends.mkldnn.enabled = mkldnn


def run(training, epochs, batches, loss, judge):
    for epoch in range(epochs):
        total = 0.0
        for batch in batches(epoch):
            value = loss(batch)
            training.step(value)
            total += value.item()
        with training.judged():
            verdict = judge()
        print(f"epoch {epoch + 1} loss {total:.3f} validation {verdict:.4f}", flush=True)


def bucketed(lengths, tokens, examples=None, pool=16):
    """Batches of indices, longest first, of about equal lengths."""
    def batches(epoch):
        source = random.Random(epoch)
        order = list(range(len(lengths)))
        source.shuffle(order)
        size = pool * (examples or max(1, tokens * len(lengths) // max(1, sum(lengths))))
        result = []
        for start in range(0, len(order), size):
            chosen = sorted(order[start:start + size], key=lambda i: -lengths[i])
            batch, count = [], 0
            for index in chosen:
                full = len(batch) >= examples if examples else count + lengths[index] > tokens
                if batch and full:
                    result.append(batch)
                    batch, count = [], 0
                batch.append(index)
                count += lengths[index]
            result.append(batch)
        source.shuffle(result)
        return result
    return batches


def numbered(texts, first=4, largest=None, least=1):
    counts = collections.Counter(token for text in texts for token in text)
    kept = [token for token, count in counts.most_common(largest) if count >= least]
    return {token: first + index for index, token in enumerate(kept)}


def mask(shape, rate, training):
    if not training or rate == 0:
        return 1.0
    return torch.bernoulli(torch.full(shape, 1 - rate)) / (1 - rate)


def generate(files, epochs, threads, mkldnn, hidden, layers, embedding, streams, steps, rate, input_dropout,
             output_dropout, weight_dropout):
    prepare(threads, mkldnn)
    text = open(files[0], encoding="utf-8").read()
    ids = numbered([text])
    data = torch.tensor([ids[c] for c in text])
    cut = len(data) * 95 // 100
    learned, judged = data[:cut], data[cut:]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(len(ids) + 4, embedding)
            self.core = nn.LSTM(embedding, hidden)
            self.head = nn.Linear(hidden, len(ids) + 4)

        def forward(self, x, state):
            batch, on = x.shape[1], self.training
            x = self.table(x) * mask((1, batch, embedding), input_dropout, on)
            w = [self.core.weight_ih_l0, F.dropout(self.core.weight_hh_l0, weight_dropout, on),
                 self.core.bias_ih_l0, self.core.bias_hh_l0]
            y, h, c = torch._VF.lstm(x, state, w, True, 1, 0.0, on, False, False)
            y = y * mask((1, batch, hidden), output_dropout, on)
            return self.head(y), (h.detach(), c.detach())

    net = Net()
    training = Training(net, rate)
    carried = [None]

    def windows(tensor, streams, steps):
        length = (len(tensor) - 1) // streams
        x = tensor[:length * streams].view(streams, length).t().contiguous()
        y = tensor[1:length * streams + 1].view(streams, length).t().contiguous()
        return [(x[i:i + steps], y[i:i + steps]) for i in range(0, length - 1, steps)]

    def zeros(streams):
        return (torch.zeros(1, streams, hidden), torch.zeros(1, streams, hidden))

    def batches(epoch):
        carried[0] = zeros(streams)
        return windows(learned[random.Random(epoch).randrange(steps):], streams, steps)

    def loss(batch):
        logits, carried[0] = net(batch[0], carried[0])
        return F.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    def judge():
        state, total, count = zeros(16), 0.0, 0
        for x, y in windows(judged, 16, 256):
            logits, state = net(x, state)
            total += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
            count += y.numel()
        return total / count

    run(training, epochs, batches, loss, judge)


def packed(core, x, lengths):
    """A recurrent network over sequences that are sorted, longest first."""
    y, state = core(pack_padded_sequence(x, lengths, enforce_sorted=True))
    return pad_packed_sequence(y)[0], state


def tag(files, epochs, threads, mkldnn, word_size, character_size, character_hidden, feature_size, prefixes, suffixes,
        hidden, batch, rate, dropout, averaging):
    prepare(threads, mkldnn)
    sentences, current = [], []
    for line in open(files[0], encoding="utf-8"):
        columns = line.rstrip("\n").split("\t")
        if len(columns) > 1:
            current.append((columns[0], columns[1]))
        elif current:
            sentences.append(current)
            current = []
    sentences += [current] if current else []
    random.Random(0).shuffle(sentences)

    def looks(word):
        low = word.lower()
        shape = "".join("X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word)
        return ([low[:n] + "-" for n in range(1, prefixes + 1)] + ["-" + low[-n:] for n in range(1, suffixes + 1)]
                + ["shape " + shape[:12]])

    words = numbered([[w for w, _ in s] for s in sentences])
    tags = numbered([[t for _, t in s] for s in sentences], first=0)
    characters = numbered(list(words))
    features = numbered([looks(w) for w in words])
    seen = collections.Counter(w for s in sentences for w, _ in s)
    drops = torch.zeros(len(words) + 4)
    for word, index in words.items():
        drops[index] = max(0.05, 0.5 / (0.5 + seen[word]))
    forms = {w: (torch.tensor([characters[c] for c in w]), torch.tensor([features[f] for f in looks(w)]))
             for w in words}
    slots = prefixes + suffixes + 1

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(len(words) + 4, word_size)
            self.characters = nn.Embedding(len(characters) + 4, character_size)
            self.spelling = nn.LSTM(character_size, character_hidden, bidirectional=True)
            self.features = nn.Embedding(len(features) + 4, feature_size)
            width = word_size + 2 * character_hidden + slots * feature_size
            self.encoder = nn.LSTM(width, hidden, bidirectional=True)
            self.head = nn.Linear(2 * hidden, len(tags))

        def forward(self, chosen):
            texts = [[w for w, _ in sentences[i]] for i in chosen]
            distinct = sorted({w for t in texts for w in t}, key=lambda w: -len(w))
            places = {w: i for i, w in enumerate(distinct)}
            spelled = pad_sequence([forms[w][0] for w in distinct])
            x = F.dropout(self.characters(spelled), dropout / 3, self.training)
            _, (last, _) = packed(self.spelling, x, [len(w) for w in distinct])
            parts = [last.transpose(0, 1).flatten(1),
                     self.features(torch.stack([forms[w][1] for w in distinct])).flatten(1)]
            rows = torch.cat(parts, 1)
            ids = pad_sequence([torch.tensor([words[w] for w in t]) for t in texts])
            if self.training:
                ids = ids.masked_fill(torch.rand(ids.shape) < drops[ids], 1)
            where = pad_sequence([torch.tensor([places[w] for w in t]) for t in texts])
            x = torch.cat([self.words(ids), rows[where]], 2)
            x = x * mask((1, *x.shape[1:]), dropout, self.training)
            y, _ = packed(self.encoder, x, [len(t) for t in texts])
            return self.head(y * mask((1, *y.shape[1:]), dropout, self.training))

    net = Net()
    training = Training(net, rate, clip=5, averaging=averaging)
    cut = len(sentences) * 9 // 10
    lengths = [len(s) for s in sentences]

    def truth(chosen):
        return pad_sequence([torch.tensor([tags[t] for _, t in sentences[i]]) for i in chosen], padding_value=-1)

    def loss(chosen):
        return F.cross_entropy(net(chosen).flatten(0, 1), truth(chosen).flatten(), ignore_index=-1)

    def judge():
        right = count = 0
        for chosen in bucketed(lengths[cut:], 4000)(0):
            chosen = [cut + i for i in chosen]
            wanted = truth(chosen)
            right += (net(chosen).argmax(2) == wanted).sum().item()
            count += (wanted >= 0).sum().item()
        return right / count

    run(training, epochs, bucketed(lengths[:cut], batch), loss, judge)


def classify(files, epochs, threads, mkldnn, hidden, layers, embedding, batch, rate, dropout, token_dropout, pieces,
             averaging):
    prepare(threads, mkldnn)
    with open(files[0], encoding="utf-8") as file:
        names = next(file).rstrip("\n").split("\t")
        rows = [line.rstrip("\n").split("\t") for line in file]
    at, of = names.index("text"), names.index("label")
    texts = [row[at].lower().split() for row in rows]
    ids = numbered(texts)
    labels = numbered([[row[of]] for row in rows], first=0)
    examples = [(torch.tensor([ids[w] for w in t] or [1]), labels[row[of]]) for t, row in zip(texts, rows)]
    random.Random(0).shuffle(examples)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(len(ids) + 4, embedding)
            self.core = nn.LSTM(embedding, hidden, bidirectional=True)
            self.head = nn.Linear(2 * hidden + embedding, len(labels))

        def forward(self, chosen):
            lengths = [len(examples[i][0]) for i in chosen]
            x = pad_sequence([examples[i][0] for i in chosen])
            if self.training:
                x = x.masked_fill(torch.rand(x.shape) < token_dropout, 1)
            x = F.dropout(self.table(x), dropout, self.training)
            y, _ = packed(self.core, x, lengths)
            steps = torch.arange(len(x))[:, None] >= torch.tensor(lengths)
            both = torch.cat([y, x], 2).masked_fill(steps[..., None], float("-inf"))
            return self.head(F.dropout(both.amax(0), dropout, self.training))

    net = Net()
    training = Training(net, rate, averaging=averaging)
    cut = len(examples) * 9 // 10
    lengths = [len(e[0]) for e in examples]

    def truth(chosen):
        return torch.tensor([examples[i][1] for i in chosen])

    def loss(chosen):
        return F.cross_entropy(net(chosen), truth(chosen), label_smoothing=0.05)

    def judge():
        right = 0
        for chosen in bucketed(lengths[cut:], 0, 256)(0):
            chosen = [cut + i for i in chosen]
            right += (net(chosen).argmax(1) == truth(chosen)).sum().item()
        return right / (len(examples) - cut)

    run(training, epochs, bucketed(lengths[:cut], 0, batch), loss, judge)


def translate(files, epochs, threads, mkldnn, hidden, embedding, encoder_layers, decoder_layers, batch_tokens, rate,
              dropout, word_dropout, weight_dropout, label_smoothing, averaging, vocabulary):
    prepare(threads, mkldnn)
    sides = [[line.split() for line in open(path, encoding="utf-8")] for path in files]
    tables = [numbered(side, largest=vocabulary - 4, least=2) for side in sides]
    pairs = [tuple(torch.tensor([t.get(w, 1) for w in line] or [1]) for t, line in zip(tables, pair))
             for pair in zip(*sides)]
    random.Random(0).shuffle(pairs)
    begin, end = torch.tensor([2]), torch.tensor([3])

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.source = nn.Embedding(len(tables[0]) + 4, embedding)
            self.target = nn.Embedding(len(tables[1]) + 4, embedding)
            for table in (self.source, self.target):
                nn.init.normal_(table.weight, std=embedding ** -0.5)
            self.encoder = nn.GRU(embedding, hidden, encoder_layers, bidirectional=True)
            self.bridge = nn.Linear(2 * hidden, hidden * decoder_layers)
            self.layers = nn.ModuleList(
                nn.GRU(embedding if i == 0 else 3 * hidden, hidden) for i in range(decoder_layers))
            self.general = nn.Linear(2 * hidden, hidden, bias=False)
            self.readout = nn.Linear(3 * hidden, embedding)
            self.bias = nn.Parameter(torch.zeros(len(tables[1]) + 4))

        def drop(self, x):
            return F.dropout(x, dropout, self.training)

        def vectors(self, table, ids):
            x = table(ids)
            if self.training:
                x = x * (torch.rand(ids.shape) >= word_dropout)[..., None]
            return self.drop(x)

        def forward(self, chosen):
            chosen = sorted(chosen, key=lambda i: -len(pairs[i][0]))
            lengths = torch.tensor([len(pairs[i][0]) for i in chosen])
            x = self.vectors(self.source, pad_sequence([pairs[i][0] for i in chosen]))
            read, _ = packed(self.encoder, x, lengths)
            read = self.drop(read)
            absent = torch.arange(len(read)) >= lengths[:, None]
            present = (~absent).t()[..., None]
            mean = (read * present).sum(0) / lengths[:, None]
            start = torch.tanh(self.bridge(mean)).chunk(len(self.layers), 1)
            keys = self.general(read).permute(1, 2, 0)
            below = self.vectors(
                self.target, pad_sequence([torch.cat([begin, pairs[i][1]]) for i in chosen]))
            context = None
            for index, layer in enumerate(self.layers):
                x = below if index == 0 else torch.cat([self.drop(below), context], 2)
                y, _ = layer(x, start[index][None].contiguous())
                if index == 0:
                    scores = torch.bmm(y.transpose(0, 1), keys).masked_fill(absent[:, None], float("-inf"))
                    context = torch.bmm(scores.softmax(2), read.transpose(0, 1)).transpose(0, 1)
                    below = y
                else:
                    below = below + y
            said = self.drop(torch.tanh(self.readout(self.drop(torch.cat([below, context], 2)))))
            wanted = pad_sequence([torch.cat([pairs[i][1], end]) for i in chosen], padding_value=-1).flatten()
            kept = wanted >= 0
            return F.linear(said.flatten(0, 1)[kept], self.target.weight, self.bias), wanted[kept]

    net = Net()
    training = Training(net, rate, averaging=averaging, decay=0)
    cut = len(pairs) * 19 // 20
    lengths = [len(a) + len(b) + 1 for a, b in pairs]

    def loss(chosen):
        return F.cross_entropy(*net(chosen), label_smoothing=label_smoothing)

    def judge():
        total = count = 0
        for chosen in bucketed(lengths[cut:], batch_tokens)(0):
            logits, wanted = net([cut + i for i in chosen])
            total += F.cross_entropy(logits, wanted, reduction="sum").item()
            count += len(wanted)
        return total / count

    run(training, epochs, bucketed(lengths[:cut], batch_tokens), loss, judge)


PEERS = {"generate": generate, "tag": tag, "classify": classify, "translate": translate}
