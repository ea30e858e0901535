import type { WorkBudget } from '../rules/work.js';

/**
 * The nodes of a graph from which a goal can be reached, the goals included. The graph may share nodes and have cycles; the time
 * is linear in its edges.
 *
 * @param membersOf  the nodes that a node leads to.
 * @param work  spent a step for each node, and one for each edge.
 */
export function nodesReaching<Node>(
  root: Node,
  membersOf: (node: Node) => Iterable<Node>,
  isGoal: (node: Node) => boolean,
  work: WorkBudget,
): ReadonlySet<Node> {
  const parents = new Map<Node, Node[]>([[root, []]]);
  const pending = [root];
  const found: Node[] = [];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    work.spend(1);
    if (isGoal(node)) found.push(node);
    for (const member of membersOf(node)) {
      work.spend(1);
      const known = parents.get(member);
      if (known) known.push(node);
      else {
        parents.set(member, [node]);
        pending.push(member);
      }
    }
  }
  // Backwards from the goals.
  const reaching = new Set(found);
  for (let node = found.pop(); node !== undefined; node = found.pop()) {
    for (const parent of parents.get(node) ?? []) {
      if (reaching.has(parent)) continue;
      reaching.add(parent);
      found.push(parent);
    }
  }
  return reaching;
}
