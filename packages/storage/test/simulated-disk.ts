// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { FileSystem, Kind } from "@sealwright/storage/file";

interface FileNode {
  readonly kind: "file";
  bytes: Uint8Array;
  /** What a sync has made durable, undefined before the first. */
  durable: Uint8Array | undefined;
}

interface FolderNode {
  readonly kind: "folder";
  names: Map<string, Node>;
  durable: Map<string, Node>;
}

type Node = FileNode | FolderNode;

/** What becomes of one call: `call` does it, and may be left out. */
export type Fault = (call: () => void, name: string) => void;

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function folderNode(): FolderNode {
  return { kind: "folder", names: new Map(), durable: new Map() };
}

/**
 * A file system in memory that remembers what has been synced, counts its calls and lets a test decide about each.
 * Paths are absolute.
 */
export class SimulatedDisk implements FileSystem {
  readonly #root: FolderNode;
  /** Consulted for every call. */
  fault: Fault = (call) => call();
  /** Calls so far. */
  calls = 0;

  constructor(root = folderNode()) {
    this.#root = root;
  }

  /** The disk as a killed process leaves it: everything done is there, whether it is durable yet or not. */
  afterKill(): SimulatedDisk {
    const copies = new Map<Node, Node>();
    const copy = (node: Node): Node => {
      const known = copies.get(node);
      if (known) return known;
      const twin: Node = node.kind === "file" ? { ...node } : folderNode();
      copies.set(node, twin);
      if (node.kind === "folder" && twin.kind === "folder") {
        for (const [name, child] of node.names) twin.names.set(name, copy(child));
        for (const [name, child] of node.durable) twin.durable.set(name, copy(child));
      }
      return twin;
    };
    return new SimulatedDisk(copy(this.#root) as FolderNode);
  }

  /** The disk after a power loss that took all that was not synced. */
  afterPowerLoss(): SimulatedDisk {
    return this.#survivor((node) => (node.kind === "file" ? (node.durable ?? new Uint8Array()) : node.durable));
  }

  /** The disk after a power loss that took some of what was not synced: each name and each file's bytes by chance. */
  afterPartialPowerLoss(roll: (bound: number) => number): SimulatedDisk {
    return this.#survivor((node) => {
      if (node.kind === "file") {
        const durable = node.durable ?? new Uint8Array();
        return [durable, node.bytes, node.bytes.slice(0, node.bytes.length >> 1)][
          roll(node.bytes === durable ? 1 : 3)
        ]!;
      }
      const survivors = new Map<string, Node>();
      for (const name of new Set([...node.names.keys(), ...node.durable.keys()])) {
        const child = (roll(2) === 0 ? node.names : node.durable).get(name);
        if (child) survivors.set(name, child);
      }
      return survivors;
    });
  }

  #survivor(pick: (node: Node) => Uint8Array | Map<string, Node>): SimulatedDisk {
    const copies = new Map<Node, Node>();
    const copy = (node: Node): Node => {
      const known = copies.get(node);
      if (known) return known;
      const picked = pick(node);
      if (picked instanceof Uint8Array) {
        const file: FileNode = { kind: "file", bytes: picked, durable: picked };
        copies.set(node, file);
        return file;
      }
      const names = new Map([...picked].map(([name, child]) => [name, copy(child)]));
      return { kind: "folder", names, durable: new Map(names) };
    };
    return new SimulatedDisk(copy(this.#root) as FolderNode);
  }

  /** The paths of all files, for assertions; uncounted. */
  files(folder: FolderNode = this.#root, path = "/"): string[] {
    return [...folder.names].flatMap(([name, node]) =>
      node.kind === "file" ? [join(path, name)] : this.files(node, join(path, name)),
    );
  }

  /** The paths of all folders below the root; uncounted. */
  folders(folder: FolderNode = this.#root, path = "/"): string[] {
    return [...folder.names].flatMap(([name, node]) =>
      node.kind === "file" ? [] : [join(path, name), ...this.folders(node, join(path, name))],
    );
  }

  #find(path: string): Node {
    let node: Node = this.#root;
    for (const name of path.split("/").filter((each) => each !== "")) {
      if (node.kind === "file") throw systemError("ENOTDIR", path);
      const child = node.names.get(name);
      if (!child) throw systemError("ENOENT", path);
      node = child;
    }
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path);
    if (node.kind === "file") throw systemError("ENOTDIR", path);
    return node;
  }

  #parent(path: string): { names: Map<string, Node>; name: string } {
    const slash = path.lastIndexOf("/");
    return { names: this.#folder(path.slice(0, slash)).names, name: path.slice(slash + 1) };
  }

  /** Makes a call, as the fault decides, one turn of the event loop later. */
  async #call<T>(name: string, call: () => T): Promise<T> {
    await new Promise(setImmediate);
    this.calls += 1;
    let result: { value: T } | undefined;
    this.fault(() => {
      result = { value: call() };
    }, name);
    if (!result) throw systemError("EIO", name);
    return result.value;
  }

  read(path: string): Promise<Uint8Array> {
    return this.#call("read", () => {
      const node = this.#find(path);
      if (node.kind === "folder") throw systemError("EISDIR", path);
      return node.bytes.slice();
    });
  }

  list(path: string): Promise<{ name: string; kind: Kind }[]> {
    return this.#call("list", () => [...this.#folder(path).names].map(([name, { kind }]) => ({ name, kind })));
  }

  kind(path: string): Promise<Kind> {
    return this.#call("kind", () => {
      try {
        return this.#find(path).kind;
      } catch (error) {
        if (error instanceof Error && /^(ENOENT|ENOTDIR)/.test(error.message)) return "nothing";
        throw error;
      }
    });
  }

  checkWritable(path: string): Promise<void> {
    return this.#call("checkWritable", () => void this.#folder(path));
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.#call("write", () => {
      const { names, name } = this.#parent(path);
      const node = names.get(name) ?? { kind: "file", bytes: new Uint8Array(), durable: undefined };
      if (node.kind === "folder") throw systemError("EISDIR", path);
      node.bytes = bytes.slice();
      names.set(name, node);
    });
  }

  sync(path: string): Promise<void> {
    return this.#call("sync", () => {
      const node = this.#find(path);
      if (node.kind === "file") node.durable = node.bytes;
      else node.durable = new Map(node.names);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call("rename", () => {
      const [source, target] = [this.#parent(from), this.#parent(to)];
      const node = source.names.get(source.name);
      if (!node) throw systemError("ENOENT", from);
      if (target.names.get(target.name)?.kind === "folder") throw systemError("EISDIR", to);
      source.names.delete(source.name);
      target.names.set(target.name, node);
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#call("link", () => {
      const { names, name } = this.#parent(to);
      if (names.has(name)) throw systemError("EEXIST", to);
      names.set(name, this.#find(from));
    });
  }

  remove(path: string): Promise<void> {
    return this.#call("remove", () => {
      const { names, name } = this.#parent(path);
      if (names.get(name)?.kind === "folder") throw systemError("EPERM", path);
      if (!names.delete(name)) throw systemError("ENOENT", path);
    });
  }

  makeFolder(path: string): Promise<void> {
    return this.#call("makeFolder", () => {
      const { names, name } = this.#parent(path);
      if (names.has(name)) throw systemError("EEXIST", path);
      names.set(name, folderNode());
    });
  }

  removeFolder(path: string): Promise<void> {
    return this.#call("removeFolder", () => {
      if (this.#folder(path).names.size > 0) throw systemError("ENOTEMPTY", path);
      const { names, name } = this.#parent(path);
      names.delete(name);
    });
  }
}
