-- Sixteen requests in one write.
init = function()
	local one = {}
	for i = 1, 16 do
		one[i] = wrk.format("GET", wrk.path)
	end
	batch = table.concat(one)
end

request = function()
	return batch
end
