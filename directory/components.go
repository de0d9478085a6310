package directory

// components returns the strongly connected components of a graph, each after those that it depends on (R. Tarjan, "Depth-first
// search and linear graph algorithms", 1972). Ties keep the order of the nodes.
func components[N comparable](nodes []N, dependsOn func(N) []N) [][]N {
	var (
		found   [][]N
		stack   []N
		index   = map[N]int{} // order of discovery, from 1
		low     = map[N]int{}
		onStack = map[N]bool{}
		visit   func(N)
	)
	visit = func(n N) {
		index[n] = len(index) + 1
		low[n] = index[n]
		stack = append(stack, n)
		onStack[n] = true
		for _, d := range dependsOn(n) {
			if index[d] == 0 {
				visit(d)
				low[n] = min(low[n], low[d])
			} else if onStack[d] {
				low[n] = min(low[n], index[d])
			}
		}
		if low[n] != index[n] {
			return
		}
		for i := len(stack) - 1; ; i-- {
			onStack[stack[i]] = false
			if stack[i] == n {
				found = append(found, append([]N(nil), stack[i:]...))
				stack = stack[:i]
				return
			}
		}
	}
	for _, n := range nodes {
		if index[n] == 0 {
			visit(n)
		}
	}
	return found
}
