-- Show each picture of the ingest as soon as it is decoded.
--
-- OBS queues up to 30 pictures of a media source to smooth their timing, and whatever delay the queue
-- has at the start or after a stall stays: up to 1.5 s at 30 pictures a second. The window has no switch
-- for it on media sources, but a script may set it.

local obs = obslua
local NAME = "Ingest"

function script_description()
  return "Shows the ingest's pictures without a queue."
end

local function unbuffer()
  local source = obs.obs_get_source_by_name(NAME)
  if source ~= nil then
    obs.obs_source_set_async_unbuffered(source, true)
    obs.obs_source_release(source)
  end
end

function script_load(settings)
  obs.obs_frontend_add_event_callback(function(event)
    if event == obs.OBS_FRONTEND_EVENT_FINISHED_LOADING or event == obs.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGED then
      unbuffer()
    end
  end)
end
