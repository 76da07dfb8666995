import doors from './bin/doors.js'

doors.register(import.meta.url)
