/// <reference types="vite/client" />
import.meta.hot?.accept()
import.meta.hot?.dispose((data) => void data)
console.log(import.meta.env.MODE)
