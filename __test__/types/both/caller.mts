// One file that loads the package in both ways: its classes are the same.
import * as imported from '@upvotr/node-hmr'

import required = require('@upvotr/node-hmr')

same<typeof imported.HMRRuntime, typeof required.HMRRuntime>(true)
same<typeof imported.default, typeof required.default>(true)

// The private fields make these two nominal.
const runner: imported.Runner<{}, number> = new required.Runner(() => 1)
const persist: required.PersistManager = new imported.PersistManager()
imported.hmr(persist, runner)
